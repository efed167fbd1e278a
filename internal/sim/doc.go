// Package sim runs whole clusters on one goroutine with a virtual clock. Each
// node is the same [core.Core] as in a real one; only sockets, clock and
// goroutines are replaced. Everything random comes from one seed, so that a seed
// replays to the byte: same steps, same frames, same snapshots.
//
// [Run] makes a random cluster from a seed, runs it, takes snapshots, and checks
// each by package verify and by what the program conserves.
package sim
