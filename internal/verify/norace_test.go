//go:build !race

package verify

// tampered is how many snapshots TestTampered tampers with.
const tampered = 10_000
