package command

import (
	"strings"
	"testing"

	"chandy/snapshot"
)

// A state is cut only where that makes the text shorter.
func TestAStateIsCutOnlyIfThatSavesSomething(t *testing.T) {
	for n, want := range map[int]string{
		0:   "",
		41:  strings.Repeat("x", 41),
		50:  strings.Repeat("x", 50),
		51:  strings.Repeat("x", 40) + "… (51 B)",
		400: strings.Repeat("x", 40) + "… (400 B)",
	} {
		if got := stateText(snapshot.State{Bytes: []byte(strings.Repeat("x", n))}); got != want {
			t.Errorf("%d bytes: got %q, want %q", n, got, want)
		}
	}
	if got, want := stateText(snapshot.State{Bytes: []byte(strings.Repeat("é", 100))}), strings.Repeat("é", 40)+"… (200 B)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
