// Package verify checks a global snapshot (chandy/snapshot.v1) offline. It shares no
// code with the packages that record snapshots, so that it does not share their bugs.
// It imports the standard library only, and repeats what it needs on purpose.
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
// Package verify cannot see whether a state belongs to its counts, whether a payload is
// the one that was sent, and whether the document leaves out a channel of the cluster.
// A snapshot proves its consistency, not its origin.
//
// Check reads the document once; keys may come in any order. It keeps one entry for
// each process and each channel, and only one state or payload at a time.
package verify
