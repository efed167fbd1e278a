//go:build race

package channel

// raceEnabled tells that the race detector is on, which is about ten times
// slower: the large explorations are left out. They run on one goroutine.
const raceEnabled = true
