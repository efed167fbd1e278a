// Package try finds out how a program gets on as a child (kind "exec"): it starts the
// program under one condition after the other and says in plain words what works,
// and which settings it needs.
//
// [Run] is all of it. A talk is a conversation with one child, line by line, for what
// a node never sees, such as a wrong in_reply_to. A host has a child.Program, as a
// node has it, in memory: for snapshots, which are taken by the code of the product.
package try
