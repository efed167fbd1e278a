// Package netnode is the node: it hosts one process of a distributed program,
// carries its channels over TCP and takes part in snapshots. It is the only
// package with sockets.
//
// A program of one's own implements [Program] and runs with [New] and [Node.Run];
// a [Client] asks a running node for snapshots.
//
// Inside, [Core] is the whole node as a pure step, and Node is its host. One
// goroutine at a time has the core: whoever brings an event steps it, if nobody else
// does, and otherwise leaves the event in the mailbox to be taken next. The
// goroutines of a node, all of which have ended when Run returns:
//
//   - the loop, which is Run itself: goes on where the others left work;
//   - the alarm: steps when time is up;
//   - accept: takes connections from outside;
//   - dial: one for each attempt to connect;
//   - for each connection a reader, which brings frames and steps at most once for
//     each batch, and a writer while there is more to write than the kernel takes at
//     once;
//   - one for each piece of work off the core: the encoding of a large state, and of
//     the JSON of a large snapshot.
package netnode
