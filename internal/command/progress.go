package command

import (
	"fmt"
	"io"
)

// progressLine is the line on a terminal that tells how far long work is.
type progressLine struct {
	out io.Writer // nil: not a terminal
}

func (e *env) progress() *progressLine {
	if !isTerminal(e.stderr) {
		return &progressLine{}
	}
	return &progressLine{out: e.stderr}
}

// say replaces the line. It does not wrap at the right edge of the terminal, so
// that it stays one line.
func (l *progressLine) say(format string, a ...any) {
	if l.out != nil {
		fmt.Fprintf(l.out, "\x1b[?7l\r\x1b[K"+format+"\x1b[?7h", a...)
	}
}

func (l *progressLine) clear() {
	if l.out != nil {
		fmt.Fprint(l.out, "\r\x1b[K")
	}
}
