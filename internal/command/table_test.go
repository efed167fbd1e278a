package command

import (
	"bytes"
	"testing"
)

// A table that is wider than the terminal is printed as blocks.
func TestTableFitsItsTerminal(t *testing.T) {
	const columns = `PROCESS  ADDRESS         STATE
p1       127.0.0.1:7101  up
p2       no address
`
	const blocks = `PROCESS p1
  ADDRESS  127.0.0.1:7101
  STATE    up
PROCESS p2
  ADDRESS  no address
`
	for width, want := range map[int]string{0: columns, 80: columns, 30: columns, 29: blocks, 1: blocks} {
		var out bytes.Buffer
		table := newTable(&out, "PROCESS", "ADDRESS", "STATE")
		table.width = width
		table.row("p1", "127.0.0.1:7101", "up")
		table.row("p2", "no address")
		table.flush()
		if got := out.String(); got != want {
			t.Errorf("width %d: got\n%s\nwant\n%s", width, got, want)
		}
	}
}

func TestProgressLineIsCut(t *testing.T) {
	for _, c := range []struct {
		width int
		want  string
	}{{0, "abcdé"}, {-1, "abcdé"}, {5, "abcdé"}, {4, "abcd"}} {
		if got := cut("abcdé", c.width); got != c.want {
			t.Errorf("cut to %d: got %q, want %q", c.width, got, c.want)
		}
	}
}

// A long table is flushed in parts. The header comes once, and no column becomes narrower.
func TestTableIsPrintedInParts(t *testing.T) {
	const want = `CHANNEL  NUMBER  PAYLOAD
p1->p2   7       x
p1->p10  100     y
p1->p2   8       z
`
	var out bytes.Buffer
	table := newTable(&out, "CHANNEL", "NUMBER", "PAYLOAD")
	table.flush()
	table.row("p1->p2", 7, "x")
	table.flush()
	table.row("p1->p10", 100, "y")
	table.row("p1->p2", 8, "z")
	table.flush()
	table.flush()
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
