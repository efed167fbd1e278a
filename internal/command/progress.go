package command

import (
	"fmt"
	"io"

	"chandy/internal/cmdline"
	"chandy/internal/printable"
)

// progressLine is the line on a terminal that shows how far a command is.
type progressLine struct {
	out io.Writer // nil if stderr is no terminal that can redraw a line
}

func (e *env) progress() *progressLine {
	if !cmdline.Redraws(e.Stderr) {
		return &progressLine{}
	}
	return &progressLine{out: e.Stderr}
}

// say replaces the line. It is cut before the right edge of the terminal, so that one line
// is all there is to clear. Wrapping is off while it is written, because some characters
// take two columns.
func (l *progressLine) say(format string, a ...any) {
	if l.out != nil {
		text := cut(printable.Text(fmt.Sprintf(format, a...)), cmdline.Width(l.out)-1)
		printExact(l.out, "\x1b[?7l\r\x1b[K"+text+"\x1b[?7h")
	}
}

func (l *progressLine) clear() {
	if l.out != nil {
		printExact(l.out, "\r\x1b[K")
	}
}

// cut returns at most width characters of a text, or all of it if width is not positive.
func cut(text string, width int) string {
	if runes := []rune(text); width > 0 && len(runes) > width {
		return string(runes[:width])
	}
	return text
}
