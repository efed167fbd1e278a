package config

import (
	"strings"
	"testing"
)

// FuzzCompare reads the text of a refusal, which a peer wrote: what it adds has nothing of it
// but a fingerprint.
func FuzzCompare(f *testing.F) {
	c, err := Parse("", []byte(small))
	if err != nil {
		f.Fatal(err)
	}
	f.Add("p1 has a different cluster file: the one of p1 has fingerprint " + c.Fingerprint())
	f.Add("fingerprint 0000-0000-0000")
	f.Add("fingerprint 0000-0000")
	f.Fuzz(func(t *testing.T, refusal string) {
		got := c.Compare(refusal)
		if got != "" && !strings.HasPrefix(got, "; the one here has "+c.Fingerprint()+": the ") {
			t.Fatalf("%q: got %q, want what differs", refusal, got)
		}
	})
}
