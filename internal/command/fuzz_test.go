package command

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"unicode"

	"chandy/internal/cmdline"
	"chandy/snapshot"
	"chandy/wire"
)

// forPeople fails unless a terminal prints a text as it is.
func forPeople(t *testing.T, text string) {
	t.Helper()
	if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
		t.Fatalf("got %q at byte %d, want printable characters: %q", text[i], i, text)
	}
}

// FuzzStatus prints a status that a node wrote.
func FuzzStatus(f *testing.F) {
	for _, s := range []*wire.ProcessStatus{
		someStatus().Processes[0].Status,
		{
			Process: "p1", Preparing: "init", Base: "a", Held: true, HeldBy: "p2", Certificate: &wire.CertificateStatus{EndsAt: "2027-11-30T04:14:24Z", LeftMS: 1},
			Recovered: &wire.RecoveredStatus{To: "a", Because: []snapshot.ProcessID{"p2"}, Loop: []snapshot.ProcessID{"p2"}, LoopText: "p2 ends", Skip: "p1->p2#7"},
			Saves:     &wire.SavesStatus{Last: "a", Failures: 2, Error: "no space"}, Snapshots: []wire.SnapshotStatus{{ID: "b", Assembler: "p1", WaitsFor: []string{"p2->p1"}}},
		},
	} {
		text, err := json.Marshal(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var came wire.ProcessStatus
		if json.Unmarshal(text, &came) != nil {
			return
		}
		s := someStatus()
		s.Processes[0].Status = &came
		for _, p := range []statusPrinter{{}, {wide: true}, {json: true}} {
			var out bytes.Buffer
			if err := p.all(&out, 80, s); err != nil {
				t.Fatal(err)
			}
			if !p.json {
				forPeople(t, out.String())
			}
		}
	})
}

// FuzzLines prints what a node wrote to stderr, which may be a program of somebody else.
func FuzzLines(f *testing.F) {
	f.Add("p1 | " + `{"level":"warn","process":"p1","err":"x","time":"2026-11-30T04:16:05.147460299Z","message":"connection closed"}`)
	f.Add(`{"level":"info","time":"2026-01-02T03:04:05Z","child":"x","message":"node started"}` + "\nchandy: error: it fails\n  one\nchandy: hint: try\n")
	f.Add(`{"level":"warn","loop":"p2 ends","ways_on":"chandy resume","time":"2026-01-02T03:04:05Z","message":"recovery loop"}` + "\npanic: x\n\tgoroutine 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, console := range []bool{false, true} {
			var out bytes.Buffer
			p := &linePrinter{out: &out, loops: make(chan event, 1)}
			p.started()
			if console {
				p.console = func(prefix string) io.Writer { return cmdline.ConsoleLog(prefixWriter{&out, prefix}, false) }
			}
			p.copy(new(lastWords), strings.NewReader(text), "p1 | ")
			forPeople(t, out.String())
		}
	})
}
