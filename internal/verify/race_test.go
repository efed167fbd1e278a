//go:build race

package verify

// tampered is how many snapshots are tampered with. It is small because the race
// detector makes the test slow.
const tampered = 500
