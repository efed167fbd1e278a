package cmdline

import (
	"io"
	"os"

	"github.com/mattn/go-isatty"
	"golang.org/x/sys/unix"
)

// This file is the one place that knows what a terminal can do.

// terminal returns the terminal of a stream of a command, or nil.
func terminal(stream any) *os.File {
	if checked, ok := stream.(*checkedWriter); ok {
		stream = checked.Writer
	}
	f, ok := stream.(*os.File)
	if !ok || !isatty.IsTerminal(f.Fd()) {
		return nil
	}
	return f
}

// IsTerminal reports whether a stream of a command is a terminal.
func IsTerminal(stream any) bool { return terminal(stream) != nil }

// Redraws reports whether a stream writes to a terminal that can go back in a line.
func Redraws(w io.Writer) bool { return IsTerminal(w) && os.Getenv("TERM") != "dumb" }

// Colours reports whether a stream writes to a terminal that shall have colours. See
// no-color.org.
func Colours(w io.Writer) bool { return Redraws(w) && os.Getenv("NO_COLOR") == "" }

// Width returns how many columns the terminal has to which a stream writes. It returns 0
// if the stream is not a terminal or the width is unknown. Lines then have no limit.
func Width(w io.Writer) int {
	columns, _ := size(w)
	return columns
}

// Height returns how many lines the terminal shows to which a stream writes, or 0 as Width
// does.
func Height(w io.Writer) int {
	_, lines := size(w)
	return lines
}

func size(w io.Writer) (columns, lines int) {
	f := terminal(w)
	if f == nil {
		return 0, 0
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0
	}
	return int(size.Col), int(size.Row)
}
