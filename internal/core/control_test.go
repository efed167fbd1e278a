package core

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// requested returns the replies to a request on the session that control has opened. A
// large request is parsed at once.
func requested(c *Core, now time.Duration, number uint64, body string) []wire.Reply {
	effects := c.Step(now, []Event{Arrived{-9, []wire.Frame{wire.Request{Number: number, Body: []byte(body)}}}})
	replies := written[wire.Reply](effects, -9)
	for _, b := range only[Background](effects) {
		replies = append(replies, written[wire.Reply](c.Step(now, []Event{Called{func() { b.Then(b.Work()) }}}), -9)...)
	}
	return replies
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
			carriedOut(c, now, effects)
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
		{"status with wait", `{"type": "status", "wait": true}`, 1},
		{"calls", `{"type": "call", "request": {}}`, callsMax},
		{"large calls", large, clientBytesMax / (15 << 20)},
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

// A large request is parsed off the loop. The requests of its session stay in order, and
// those of another one do not wait. What waits is bounded.
func TestLargeRequestsAreParsedOffTheLoop(t *testing.T) {
	c, p := started(t)
	p.silent = true
	control(c, 1, wire.StatusRequest{})
	call := func(bytes int) string { return fmt.Sprintf(`{"type":"call","request":%q}`, strings.Repeat("x", bytes)) }
	request := func(number uint64, body string) []Event {
		return []Event{Arrived{-9, []wire.Frame{wire.Request{Number: number, Body: []byte(body)}}}}
	}
	work := only[Background](c.Step(2, request(1, call(inlineMax))))
	if len(work) != 1 || len(c.epoch.clients.byID) != 0 {
		t.Fatalf("large call: got %d jobs and %d calls, want it parsed off the loop", len(work), len(c.epoch.clients.byID))
	}
	if replies := requested(c, 3, 2, `{"type":"status"}`); len(replies) > 0 {
		t.Errorf("status request behind a large call: got the replies %v, want none yet", replies)
	}
	more := only[Background](c.Step(4, request(3, call(inlineMax))))
	if len(more) > 0 {
		t.Errorf("large call behind another one: got %d jobs, want one at a time", len(more))
	}
	effects := c.Step(5, []Event{Called{func() { work[0].Then(work[0].Work()) }}})
	if replies := written[wire.Reply](effects, -9); len(replies) == 0 || replies[0].Number != 2 {
		t.Errorf("after the call was parsed: got the replies %v, want the status", replies)
	}
	if work = only[Background](effects); len(work) != 1 || len(c.epoch.clients.byID) != 1 {
		t.Fatalf("after the call was parsed: got %d jobs and %d calls, want the next job and one call", len(work), len(c.epoch.clients.byID))
	}
	for n := uint64(4); n < 4+waitingMax; n++ {
		if replies := requested(c, 6, n, call(0)); len(replies) > 0 {
			t.Errorf("request %d behind a large call: got %v, want no reply", n, replies)
		}
	}
	if replies := requested(c, 6, 1000, call(0)); len(replies) != 1 || !strings.Contains(string(replies[0].Body), "wait to be parsed") {
		t.Errorf("request %d behind a large call: got %v, want an error", waitingMax+1, replies)
	}
	c.Step(6, []Event{Called{func() { work[0].Then(work[0].Work()) }}})
	if got := len(c.epoch.clients.byID); got != 2+waitingMax {
		t.Errorf("after the next call was parsed: got %d calls, want %d", got, 2+waitingMax)
	}
	work = only[Background](c.Step(6, request(1001, call(inlineMax))))
	for n := uint64(2000); c.unparsed <= clientBytesMax; n++ {
		c.Step(6, request(n, call(1<<20)))
	}
	if replies := requested(c, 7, 1000, call(0)); len(replies) != 1 || !strings.Contains(string(replies[0].Body), "wait to be parsed") {
		t.Errorf("request beyond %d MiB: got %v, want an error", clientBytesMax>>20, replies)
	}
	c.Step(8, []Event{Closed{Conn: -9}, Called{func() { work[0].Then(work[0].Work()) }}})
	if held := c.Holdings(); held["unparsed"] != 0 || held["clients"] != 0 {
		t.Errorf("after the client has gone: got %v, want nothing unparsed and no clients", held)
	}
}
