package cmdline

import (
	"fmt"
	"io"

	"chandy/internal/printable"
)

// Names, errors, faults and lines can come from peers, programs and files, and can hold
// anything. They reach a terminal only through PrintLine, a table, a progressLine, a
// launcher or the log, and each of these makes them printable. Everything else is
// written with PrintExact; a test looks for other ways.

// PrintLine prints one line for people. Whatever the arguments hold, the line stays one
// line of printable characters.
func PrintLine(w io.Writer, format string, a ...any) {
	io.WriteString(w, printable.Text(fmt.Sprintf(format, a...))+"\n")
}

// PrintExact prints a text of our own, or data for another program, as it is.
func PrintExact(w io.Writer, text string) { io.WriteString(w, text) }
