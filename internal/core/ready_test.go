package core

import (
	"encoding/json"
	"testing"
	"time"

	"chandy/wire"
)

// preparer is a program that becomes ready when the test says so.
type preparer struct {
	mute
	waitsFor string
}

func (p *preparer) Preparing() string { return p.waitsFor }

func TestAClientWaitsUntilTheProgramIsReady(t *testing.T) {
	p := newPair(t, "")
	program := &preparer{waitsFor: "p1 has not answered init yet"}
	p.happened("p1", Begin{Epoch: 2, Program: program})
	p.happened("p2", Begin{Epoch: 2, Program: &mute{}})
	p.run(time.Minute)
	if !p.cores["p1"].epoch.allUp {
		t.Fatal("got a channel that is down after a minute, want all up")
	}
	const conn ConnID = 99
	p.client("p1", conn)
	for number, request := range []wire.StatusRequest{{}, {Wait: true}} {
		body, _ := wire.EncodeControl(request)
		p.happened("p1", Arrived{conn, []wire.Frame{wire.Request{Number: uint64(number + 1), Body: body}}})
	}
	p.run(time.Second)
	if got, want := preparing(t, p.replies[conn]), []string{program.waitsFor}; len(got) != 1 || got[0] != want[0] {
		t.Fatalf("before the program is ready: got replies with preparing %q, want %q", got, want)
	}

	p.happened("p1", Called{func() { program.waitsFor = "" }})
	p.run(time.Second)
	if got := preparing(t, p.replies[conn]); len(got) != 2 || got[1] != "" {
		t.Errorf("when the program is ready: got replies with preparing %q, want a second one, without", got)
	}
}

// preparing returns the member of each status among the replies.
func preparing(t *testing.T, replies []wire.Reply) (all []string) {
	t.Helper()
	for _, r := range replies {
		var s wire.ProcessStatus
		if r.Kind == wire.KindData && json.Unmarshal(r.Body, &s) == nil && s.Process != "" {
			all = append(all, s.Preparing)
		}
	}
	return all
}
