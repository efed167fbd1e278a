package config

import (
	"strings"
	"testing"
)

// A fault is one printable line, even if the TOML parser repeats what stands in the file.
func TestFaultIsOnePrintableLine(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"[a]\n\"\\u001b\\n\" = 1\n\"\\u001b\\n\" = 2\n", `\u001b\n`},
		{"a = \u202e1", `\u202e`},
		{"\"\\u001b\\u009b\" = 1", `\x1b\u009b`},
	} {
		_, err := Parse("a\x1b.toml", []byte(c.text))
		if err == nil {
			t.Fatalf("got no fault in %q, want one", c.text)
		}
		for line := range strings.SplitSeq(err.Error(), "\n") {
			if !strings.HasPrefix(line, `a\x1b.toml:`) {
				t.Errorf("%q: got the line %q, want each to begin with the path", c.text, line)
			}
		}
		if strings.ContainsAny(err.Error(), "\x1b\u202e\u009b") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got the fault %q, want %s in it", c.text, err, c.want)
		}
	}
	const foreign, want = "a\x1b\n", `a\x1b\x0a`
	for _, f := range []Fault{{Text: foreign}, {Text: foreign, Path: foreign}} {
		if got := f.String(); !strings.HasSuffix(got, want) || strings.Contains(got, "\x1b") {
			t.Errorf("got the fault %q, want it to end with %s and no escape character", got, want)
		}
	}
}
