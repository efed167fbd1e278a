// Package agreement is the machine by which a cluster goes to a new epoch: a restore by
// hand, or a recovery after the death of a process.
//
// Each process has one [Agent]. Its caller reports events by the methods and carries out
// the [Effect]s that they return. The package is pure: it has no clock, no sockets and no
// store. The store is asked by effects and answers by events. Messages to other processes
// are effects too. They may be lost, doubled and late. A crash loses an Agent; each start
// of a node makes a new one with a new incarnation.
//
// # How an epoch ends
//
// A proposer asks every process for its vote on a [Proposal]. A voter looks into the store
// itself, loads its part of the snapshot into a held instance, and only then votes yes.
// The decision on a number is made by an exclusive create in the store. The proposer
// creates a commit, which lists the incarnation of every voter, or an abort. A voter past
// its deadline creates an abort, and follows whatever lies in the store afterwards. So
// there is one decision on each number, whoever crashes and whatever arrives late.
//
// A process that learns of a commit of a higher epoch than its own adopts it at once.
//
// Where to find what:
//
//   - proposal.go, effect.go: the values that go in and out;
//   - agent.go, reading.go: the state, the store, and going to another epoch;
//   - voter.go: the vote and its deadline;
//   - proposer.go: the attempt to bring about a decision;
//   - recovery.go: processes without a program, and rolling back by itself.
package agreement
