package command

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestALongLineOfANodeIsCut(t *testing.T) {
	var out bytes.Buffer
	long := strings.Repeat("x", nodeLineMax)
	text := long[1:] + "\n" + long + "\n\n" + long + "y\nz"
	p := &linePrinter{out: &out}
	p.copy(new(lastWords), strings.NewReader(text), "")
	if got, want := out.String(), long[1:]+"\n"+long+"\n"+long+"…\nz\n"; got != want {
		t.Errorf("got lines of %v bytes, want %v", lengths(got), lengths(want))
	}
	if err := eachNodeLine(io.MultiReader(strings.NewReader("a"), failing{}), func(string) {}); err != io.ErrClosedPipe {
		t.Errorf("got %v, want the error of the reader", err)
	}
}

// failing is a reader that fails.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func lengths(text string) (all []int) {
	for line := range strings.Lines(text) {
		all = append(all, len(line))
	}
	return all
}
