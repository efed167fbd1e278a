package command

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"chandy/internal/cmdline"
	"chandy/snapshot"
	"chandy/wire"
)

// someStatus is the status of p1, which is up, and p2, which is not reachable.
func someStatus() clusterStatus {
	const refused = "dial tcp 192.168.100.102:31002: connect: connection refused, and so on, and so on, until the line is long"
	link := wire.LinkStatus{Up: false, SinceMS: 1e8, Error: refused, ErrorAgoMS: 1200, Resets: 1, Discarded: 3}
	return clusterStatus{
		channels: []snapshot.Channel{{From: "p1", To: "p1"}, {From: "p1", To: "p2"}},
		Processes: []processStatus{
			{Process: "p1", Address: "192.168.100.101:31001", Reachable: true, Status: &wire.ProcessStatus{
				Process: "p1", UptimeMS: 1e8, PID: 4194304, Program: "bank", Memory: wire.MemoryStatus{Used: 1000 << 10},
				Outgoing: []wire.OutgoingStatus{
					{To: "p1", LinkStatus: wire.LinkStatus{Up: true, SinceMS: 1e8, Error: "an old error"}, Sent: 1234567890},
					{To: "p2", LinkStatus: link, Sent: 1234567890},
				},
				Incoming: []wire.IncomingStatus{{From: "p1", LinkStatus: wire.LinkStatus{Up: true, SinceMS: 1e8}, Received: 1234567880}},
			}},
			{Process: "p2", Address: "192.168.100.102:31002", Error: refused, err: io.EOF},
		},
	}
}

func TestStatusFits80Columns(t *testing.T) {
	var out bytes.Buffer
	if err := (statusPrinter{}).all(&out, 80, someStatus()); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("got a line of %d columns, want at most 80: %s", n, line)
		}
	}
	for _, part := range []string{"p1->p1   up     27h46m40s  1234567890  1234567880  10\n", "p1->p2   down   27h46m40s  1234567890  ?           ?\n  p1: dial tcp", "  p1: 1 reset, 3 messages discarded\n"} {
		if !strings.Contains(text, part) {
			t.Errorf("got\n%s\nwant it to have %q", text, part)
		}
	}
	if strings.Contains(text, "an old error") {
		t.Errorf("got\n%s\nwant no error of a channel that is up", text)
	}
}

func TestScreenIsRedrawnInPlace(t *testing.T) {
	var s screen
	got := s.frame("one\ntwo is long\nthree\nfour\n", 5, 4) + s.frame("one\n", 5, 4)
	want := "\r\x1b[J\x1b[?7lone\ntwo i\n… 2 m\n\x1b[?7h" + "\x1b[3A\r\x1b[J\x1b[?7lone\n\x1b[?7h"
	if got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestWatchEndsWithoutAnErrorWhenItIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := writerFunc(func(b []byte) (int, error) {
		cancel()
		return len(b), nil
	})
	p := statusPrinter{env: &env{&cmdline.Env{Stdout: out}}}
	if err := p.watch(ctx, asker{testCluster(t, "127.0.0.1:1")}); err != nil {
		t.Errorf("got error %v, want none", err)
	}
}

func TestWatchEndsWhenNobodyReadsIt(t *testing.T) {
	p := statusPrinter{env: &env{&cmdline.Env{Stdout: writerFunc(func([]byte) (int, error) { return 0, io.ErrClosedPipe })}}}
	if err := p.watch(t.Context(), asker{testCluster(t, "127.0.0.1:1")}); err != io.ErrClosedPipe {
		t.Errorf("got error %v, want %v", err, io.ErrClosedPipe)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
