// Package sim runs whole clusters on one goroutine with a virtual clock. Each node has
// the same [core.Core] as a real node; only sockets, clock and goroutines are replaced.
// All randomness comes from one seed. So the same seed replays the same steps, frames
// and snapshots, to the byte.
//
// [Run] makes a random cluster from a seed, runs it and takes snapshots. It checks each
// snapshot with package verify. It also checks what the program conserves: money or
// tokens.
package sim
