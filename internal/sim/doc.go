// Package sim runs whole clusters on one goroutine with a virtual clock. Each node has
// the same [core.Core] as a real node; only sockets, clock, store and goroutines are
// replaced. All randomness comes from one seed. So the same seed replays the same steps,
// frames and snapshots, to the byte.
//
// [Run] makes a random cluster from a seed, runs it and takes snapshots. It checks each
// snapshot with package verify. It also checks what the program conserves: money or
// tokens. At the end it restores a saved snapshot.
//
// [RunRestores] restores at any moment, with crashes in the middle of restores and a store
// that is slow, fails and loses. It checks that all processes end in one epoch, and that
// each message arrives in the epochs to which it belongs, and there exactly once.
//
// [RunRecoveries] lets nodes crash at any moment, and the cluster recovers by itself. It checks
// that no program runs in an old epoch after its node has read of a newer one, and that no
// recovery undoes a snapshot that a client was told is saved.
package sim
