// Package child hosts a program in any language: a child process that speaks the
// protocol of Maelstrom (jepsen-io/maelstrom, doc/protocol.md), one JSON message a
// line on its stdin and stdout.
//
// [Process] is the lower half: it starts a child, writes lines to it, reads lines
// from it and ends it, and knows nothing of what they mean. [Program] is the upper
// half, a program.Program of kind "exec". [Parse] and [Line] are the messages, for
// services that speak with children.
package child
