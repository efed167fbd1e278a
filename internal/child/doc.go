// Package child hosts a program in any language as a child process. The child speaks
// the protocol of Maelstrom (see package maelstrom) on its stdin and stdout.
//
// [Proc] is the lower half. It starts a child, writes lines to it, reads lines from it
// and ends it. It does not interpret the lines. [Program] is the upper half, a
// program.Program of kind "exec".
package child
