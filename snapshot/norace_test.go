//go:build !race

package snapshot

// raceEnabled tells that the race detector is on.
const raceEnabled = false
