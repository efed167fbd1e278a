//go:build race

package explore

// Race reports whether the race detector is on.
const Race = true
