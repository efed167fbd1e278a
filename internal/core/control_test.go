package core

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// requested returns the replies to a request on the session that control has opened.
func requested(c *Core, now time.Duration, number uint64, body string) []wire.Reply {
	return written[wire.Reply](c.Step(now, []Event{Arrived{-9, []wire.Frame{wire.Request{Number: number, Body: []byte(body)}}}}), -9)
}

// A client that asks nothing for a minute is hung up, and one that gets no reply to a call
// or a status request for an hour. A client that waits for a snapshot is not: the snapshot
// ends by itself.
func TestQuietClientsAreHungUp(t *testing.T) {
	for _, test := range []struct {
		name, request string
		want          time.Duration
	}{
		{"idle", `{"type": "status"}`, time.Minute},
		{"call", `{"type": "call", "request": {}}`, time.Hour},
		{"status with wait", `{"type": "status", "wait": true}`, time.Hour},
		{"snapshot", `{"type": "initiate", "timeout_ms": 36000000}`, 10*time.Hour + time.Minute},
		{"error", `{"type": "unknown"}`, time.Minute},
	} {
		c, p := started(t)
		p.silent = true
		control(c, time.Second, wire.StatusRequest{})
		requested(c, 2*time.Second, 2, test.request)
		begun, now := 2*time.Second, 2*time.Second
		for c.sessions > 0 && now < 11*time.Hour {
			now, _ = c.Next()
			effects := c.Step(now, nil)
			for _, b := range only[Background](effects) {
				c.Step(now, []Event{Called{func() { b.Then(b.Work()) }}})
			}
		}
		if got := now - begun; got != test.want || c.conns[-9] != nil {
			t.Errorf("%s: got hung up after %v, want %v", test.name, got, test.want)
		}
	}
}

// Requests that wait are bounded: status requests in number, and calls in number and in
// bytes. One more gets an error at once, and those that wait are not affected. When their
// client leaves, nothing counts them.
func TestWaitingRequestsAreBounded(t *testing.T) {
	large := fmt.Sprintf(`{"type": "call", "request": %q}`, strings.Repeat("x", 15<<20))
	for _, test := range []struct {
		name, request string
		most          int
	}{
		{"status with wait", `{"type": "status", "wait": true}`, awaitingUpMax},
		{"calls", `{"type": "call", "request": {}}`, callsMax},
		{"large calls", large, callsBytes / (15 << 20)},
	} {
		c, p := started(t)
		p.silent = true
		c.Step(0, []Event{Called{func() { c.epoch.delivery.overHigh++ }}}) // the program gets no request
		control(c, time.Second, wire.StatusRequest{})
		for i := range test.most {
			if replies := requested(c, 2*time.Second, uint64(i), test.request); len(replies) > 0 {
				t.Fatalf("%s: reply to request %d: got %s, want none", test.name, i+1, replies[0].Body)
			}
		}
		replies := requested(c, 2*time.Second, 1<<20, test.request)
		if len(replies) != 1 || replies[0].Kind != wire.KindError || !strings.Contains(string(replies[0].Body), `"limit"`) {
			t.Errorf("%s: replies to one more: got %v, want one error with code limit", test.name, replies)
		}
		c.Step(3*time.Second, []Event{Closed{Conn: -9}})
		if k := c.epoch.clients; len(c.awaitingUp) != 0 || len(k.requests) != 0 || len(k.byID) != 0 || k.bytes != 0 || c.sessions != 0 {
			t.Errorf("%s, after the client had left: got %d waiting, %d requests of %d bytes, %d clients, %d sessions; want 0",
				test.name, len(c.awaitingUp), len(k.requests), k.bytes, len(k.byID), c.sessions)
		}
	}
}

// The summary of a snapshot fits a frame, whatever the reasons say that peers have sent.
func TestSummaryFitsAFrame(t *testing.T) {
	g := &snapshot.Global{}
	for range 200 {
		g.Missing = append(g.Missing, snapshot.Missing{Process: "p2", Reason: snapshot.Reason(strings.Repeat("\x01", wire.NameMax)), Detail: strings.Repeat("\x01", wire.TextMax)})
		g.Channels = append(g.Channels, snapshot.ChannelState{Channel: snapshot.Channel{From: snapshot.ProcessID(strings.Repeat("a", snapshot.ProcessIDMax)), To: "b"}})
	}
	if got := len(mustJSON(endReply(g))); got > wire.ChunkMax {
		t.Errorf("end reply of a snapshot that lacks everything: got %d bytes, want at most %d", got, wire.ChunkMax)
	}
}
