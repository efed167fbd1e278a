package cmdline

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// newTerminal returns a terminal with a number of columns.
func newTerminal(t *testing.T, columns uint16) *os.File {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminal: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns})
	}
	if err != nil {
		t.Fatal(err)
	}
	end, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminal: %v", err)
	}
	t.Cleanup(func() { end.Close() })
	return end
}

func TestWhatATerminalCanDo(t *testing.T) {
	tty := newTerminal(t, 40)
	for _, c := range []struct {
		term, noColour            string
		width                     int
		terminal, redraws, colour bool
	}{
		{"xterm", "", 40, true, true, true},
		{"", "", 40, true, true, true},
		{"xterm", "1", 40, true, true, false},
		{"dumb", "", 40, true, false, false},
	} {
		t.Setenv("TERM", c.term)
		t.Setenv("NO_COLOR", c.noColour)
		w := &checkedWriter{Writer: tty}
		if got := Width(w); got != c.width {
			t.Errorf("TERM %q: got %d columns, want %d", c.term, got, c.width)
		}
		if IsTerminal(w) != c.terminal || Redraws(w) != c.redraws || Colours(w) != c.colour {
			t.Errorf("TERM %q, NO_COLOR %q: got terminal %v, redraws %v, colours %v; want %v, %v, %v",
				c.term, c.noColour, IsTerminal(w), Redraws(w), Colours(w), c.terminal, c.redraws, c.colour)
		}
	}
	if w := (&bytes.Buffer{}); Width(w) != 0 || IsTerminal(w) || Redraws(w) || Colours(w) {
		t.Error("a buffer: got a terminal, want none")
	}
}
