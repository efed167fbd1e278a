// Package netnode is the node: it hosts one process of a distributed program,
// carries its channels over TCP and takes part in snapshots. It is the only
// package with sockets.
//
// A program of one's own implements [Program] and runs with [New] and [Node.Run];
// a [Client] asks a running node for snapshots.
//
// Inside, [Core] is the whole node as a pure step, and Node is its host. The
// goroutines of a node, all of which have ended when Run returns:
//
//   - the loop, which is Run itself: owns the core, and with it recorder, channels
//     and program;
//   - accept: takes connections from outside;
//   - dial: one for each attempt to connect;
//   - for each connection a reader, which hands frames to the loop, and a writer
//     while there is more to write than the loop can at once;
//   - one for each piece of work off the loop: encoding a large part, a snapshot's
//     JSON.
//
// A program may have goroutines of its own: see [Program].
package netnode
