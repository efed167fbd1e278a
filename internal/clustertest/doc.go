// Package clustertest runs whole clusters inside a test: each node in a goroutine,
// over sockets on loopback or over a network in memory. Only tests import it.
//
// [New] makes a cluster on real sockets, where a test asserts nothing about time but
// that it ends. [Virtual] makes one inside a synctest bubble, where time passes only
// when nothing else can happen: a pause costs nothing and a time-out is exact.
//
// Every snapshot is checked as it is taken: its certificate, its JSON schema, and its
// status. Randomness comes from [Rand], whose seed a failed test prints, as well as the
// end of the nodes' log.
package clustertest
