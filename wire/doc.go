// Package wire is the language that nodes and clients speak: frames, over any
// io.Reader and io.Writer. It knows no socket, no clock and no state of a
// connection; who sends what when is kept by package netnode. SPEC.md in this
// folder describes the same bytes for somebody who writes another
// implementation, and tests hold the two together.
//
// Adding a type of frame: a file with its struct, its append, its decode and
// its String; a line in the table in type.go; a golden in golden_test.go; a
// table in SPEC.md.
package wire
