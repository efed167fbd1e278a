//go:build !race

package clustertest

// Race reports whether the race detector runs, which makes everything slow.
const Race = false
