//go:build !race

package verify

// tampered is how many snapshots are tampered with.
const tampered = 10_000
