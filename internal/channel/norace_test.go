//go:build !race

package channel

// raceEnabled tells that the race detector is on.
const raceEnabled = false
