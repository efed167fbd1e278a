// Package netnode hosts one process of a distributed program: it carries the channels
// over TCP and takes part in snapshots.
//
// A program in Go implements [program.Program] and runs with [New] and [Node.Run]. A
// [Client] asks a running node for snapshots, its status, or a reply of its program.
//
// A Node is the host of a core.Core, which is a whole node as a pure step. A step runs
// on the goroutine that brings the event, under one lock. "On the loop" means in a step.
// All goroutines of a node have ended when Run returns:
//
//   - the loop, which is Run itself: makes the steps that no event brings;
//   - accept: takes connections from outside;
//   - dial: one for each attempt to connect;
//   - for each connection a reader, which steps with each batch of frames, and a writer
//     while more is queued than the kernel takes at once;
//   - one for each job off the loop: the encoding of a large state, or of the JSON of a
//     large snapshot.
package netnode
