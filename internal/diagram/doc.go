// Package diagram draws snapshots and topologies.
//
// A space-time diagram has a lane for each process. Time runs to the right. The cut is a
// straight line: everything that a process did before its recording stands left of the line,
// and everything after it right of the line. In a consistent cut no message runs from right
// to left, so the picture shows what the theorem of Chandy and Lamport says (1985, section 3).
//
// There are three steps, each in files of its own:
//
//   - document.go reads a snapshot, with its journals and times if it has them.
//   - story.go, place.go, columns.go and window.go find out which events and messages are
//     drawn, and in which column of logical time each event stands.
//   - layout*.go turn that into a [Picture], which holds only numbers and texts.
//
// SVG and HTML write a picture; svg_shared.go keeps an SVG file small. Terminal, ShiViz and
// Perfetto write a story in other forms.
//
// A [Pair] is two stories on the same lanes, of two snapshots, with what changed between them.
// Its files begin with pair and layout_pair; layout_half.go draws one of the halves. All
// functions are pure: the same input results in the same bytes.
package diagram
