package command

import (
	"fmt"
	"io"

	"chandy/internal/cmdline"
	"chandy/internal/printable"
)

// progressLine is the line on a terminal that shows how far a command is.
type progressLine struct {
	out io.Writer // nil if stderr is not a terminal
}

func (e *env) progress() *progressLine {
	if !cmdline.IsTerminal(e.Stderr) {
		return &progressLine{}
	}
	return &progressLine{out: e.Stderr}
}

// say replaces the line. Wrapping is off while it is written: a line that is too long
// is cut at the right edge of the terminal, so that one line is all there is to clear.
func (l *progressLine) say(format string, a ...any) {
	if l.out != nil {
		printExact(l.out, "\x1b[?7l\r\x1b[K"+printable.Text(fmt.Sprintf(format, a...))+"\x1b[?7h")
	}
}

func (l *progressLine) clear() {
	if l.out != nil {
		printExact(l.out, "\r\x1b[K")
	}
}
