package explore

import (
	"flag"
	"testing"
)

// Size is how long a search takes.
type Size int

// Sizes of searches.
const (
	Small  Size = iota // runs always
	Middle             // not with -short
	Large              // seconds: neither with -short nor with the race detector, which makes it ten times slower
	Huge               // minutes and a gigabyte: only with -huge
)

var huge = flag.Bool("huge", false, "search also what takes minutes and a gigabyte")

// Skip skips a test whose search is too large for this run.
func (s Size) Skip(t *testing.T) {
	t.Helper()
	switch {
	case s == Huge && !*huge:
		t.Skip("only with -huge")
	case s > Small && testing.Short() || s > Middle && Race:
		t.Skip("too large with -short or -race")
	}
}
