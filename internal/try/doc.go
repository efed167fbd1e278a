// Package try checks how a program behaves as a child (kind "exec"). It starts the
// program under one condition after the other, reports in plain words what works, and
// finds the settings that the program needs.
//
// [Run] is the whole API. A talk is a conversation with one child, line by line. It
// detects what a node never sees, such as a wrong in_reply_to. A host runs a
// child.Program in memory, as a node does. Its snapshots are taken by the same code as
// in a node.
package try
