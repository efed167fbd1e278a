package child

import "testing"

// A line on stderr is handed over printable, and so is the last one in the error of the
// end.
func TestStderrIsPrintable(t *testing.T) {
	const want = `a\x1b[31m\x0db\u202e\u009b` + "\uFFFD"
	s, o := spec("", "TEXT", "a\x1b[31m\rb\u202e\u009b\xff\n")
	s.Command = []string{"sh", "-c", `printf '%s' "$TEXT" >&2`}
	p, err := Start(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	end := o.end(t)
	if got := <-o.errors; got != want {
		t.Errorf("got the line %q, want %q", got, want)
	}
	if end.Stderr != want {
		t.Errorf("got the last line %q, want %q", end.Stderr, want)
	}
}
