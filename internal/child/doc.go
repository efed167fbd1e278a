// Package child hosts a program in any language as a child process of its node. The
// child speaks the protocol of Maelstrom (see package maelstrom): it reads one JSON
// message a line on its stdin and prints one a line on its stdout.
//
// [Proc] is the lower half. It starts a child, writes lines to it, reads lines from it
// and ends it. It does not interpret the lines. [Program] is the upper half, a
// program.Program of kind "exec". Proc reports lines and events on its own goroutines,
// and Program passes them to the node's loop by Process.Do.
//
// # Start
//
// The node sends the request init. The child is ready once it has answered it, and the
// request topology. Until then messages to it wait, unless they are replies to requests that
// it has printed: see early.
//
// # Restore
//
// A child that is restored starts before the program has a process, so there is no loop
// yet: see gate. It gets init and restore, and is stopped once it has answered them. It must
// not act before the whole cluster has decided to restore. Start lets it go on, and Close
// kills it.
//
// # Lines in
//
// Messages and requests of clients are written to the child's stdin, and a write never
// blocks the loop. If a line does not fit into the pipe, Proc queues the remaining bytes,
// and Program holds the process: see Process.Hold. Messages that arrive then stay in the
// inbox, where a snapshot records them as in flight, until the queue is written.
//
// # Lines out
//
// Proc reads stdout in batches of lines and has two buffers for them. Program sends each
// line to the process or client that it names, and returns the buffers when the process
// may send something spontaneous. While an outbox is above its high-water mark it may
// not. Then Proc stops reading, the pipe fills, and the child blocks in its next write.
//
// # The state
//
// A child keeps its state to itself, so the node asks for it with a request. The cut is
// at the reply. Lines that the child prints before the reply count as sent before the
// cut, and later lines as sent after it. Messages that were handed over before the
// request count as received, so the state must contain their effects. Three stages see
// to that. While they run, messages stay in the inbox, and the child receives no line
// but the request.
//
//  1. Writing. The node waits until every line handed over is in the pipe.
//  2. Settling. A program with a thread for each line could answer the request before an
//     earlier line has had its effect. The node therefore waits until the child has
//     answered all its requests and sleeps, but no longer than settle_timeout. The
//     snapshot says how far the child had settled.
//  3. Replying. The node writes the request and waits for the reply.
package child
