// Package snapshot is the algorithm of Chandy and Lamport, "Distributed
// Snapshots: Determining Global States of Distributed Systems", ACM TOCS 3(1),
// 1985, and nothing else: no I/O, no goroutine, no clock, no lock, no randomness
// and no dependence on the order of a map.
//
// A [Recorder] is one process's side of every snapshot in progress. It is told
// what happens (a marker was received, a message arrived, the state was
// recorded) and returns what must now be done, in order. A [Collector] takes the
// parts that come from the processes and assembles one [Global] snapshot, which
// carries the proof that its cut is consistent: on every channel
//
//	received <= sent
//
// and the recorded messages are exactly the numbers received+1 … sent, in order,
// both ends counted in the same pair of incarnations.
//
// A [Topology] answers which processes markers can reach. A [Batch] holds
// messages.
package snapshot
