package netnode_test

import (
	"testing"

	"chandy/netnode"
	"chandy/wire"
)

// The words of a node are printable in an error, and exact in its fields.
func TestErrorOfANodeIsPrintable(t *testing.T) {
	const text, want = "a\x1b[31m\nb\u202e\u009b", `a\x1b[31m\x0ab\u202e\u009b`
	for _, err := range []error{&netnode.Refused{Text: text}, &wire.ErrorReply{Text: text}} {
		if got := err.Error(); got != want {
			t.Errorf("%T: got %q, want %q", err, got, want)
		}
	}
}
