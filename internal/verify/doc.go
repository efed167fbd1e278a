// Package verify checks a global snapshot (chandy/snapshot.v1) offline. It shares
// no code with what recorded it: it imports the standard library only, and what it
// knows of a snapshot is written here a second time, on purpose.
//
// The rule is that of Chandy and Lamport, "Distributed Snapshots: Determining
// Global States of Distributed Systems", ACM TOCS 3(1), 1985, section 3: a message
// that was received before the cut was also sent before it, and what was sent
// before the cut and not received before it is the state of its channel. Messages
// are numbered 1, 2, 3 … on each channel, so this is arithmetic. A cut is
// consistent if and only if, on every channel, both ends counted in the same pair
// of incarnations, and
//
//	received <= sent
//
// and the recorded messages are exactly the numbers received+1 … sent, in order.
//
// What it cannot see: that a state belongs to its counts, that a payload is the
// one that was sent, and a channel of the cluster that the document leaves out
// altogether. A snapshot is a proof of its consistency, not of its origin.
//
// The document is read once, in any order of keys. What is kept of it is one entry
// for each process and each channel; of states and payloads one at a time.
package verify
