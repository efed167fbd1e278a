package command

import (
	"io"
	"strings"
	"testing"
)

func TestTheLogOfANodeSaysThatItListens(t *testing.T) {
	for line, want := range map[string]bool{
		`{"level":"info","time":"2026-01-02T03:04:05Z","message":"node started"}`:                  true,
		`{"level":"info","time":"2026-01-02T03:04:05Z","child":"x","message":"node started"}`:      false,
		`{"level":"info","time":"2026-01-02T03:04:05Z","message":"all channels up"}`:               false,
		`{"level":"info","time":"2026-01-02T03:04:05Z","message":{"text":"node started"},"x":"y"}`: false,
		`node started`: false,
	} {
		var last lastWords
		(&linePrinter{out: io.Discard}).copy(&last, strings.NewReader(line+"\n"), "p1 | ")
		if last.listened != want {
			t.Errorf("%s: got listened %t, want %t", line, last.listened, want)
		}
	}
}
