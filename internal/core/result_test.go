package core

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// carriedOut does the work off the loop that effects ask for, and further work that comes
// of it. It returns the replies of it to the session of control.
func carriedOut(c *Core, now time.Duration, effects []Effect) (replies []wire.Reply) {
	for len(effects) > 0 {
		var next []Event
		replies = append(replies, written[wire.Reply](effects, -9)...)
		for _, e := range effects {
			switch e := e.(type) {
			case Background:
				result := e.Work()
				next = append(next, Called{func() { e.Then(result) }})
			case Stream:
				err := e.Replies(func(r wire.Reply) error {
					r.Body = slices.Clone(r.Body)
					replies = append(replies, r)
					return nil
				})
				next = append(next, Called{func() { e.Then(err) }})
			}
		}
		effects = nil
		if len(next) > 0 {
			effects = c.Step(now, next)
		}
	}
	return replies
}

// heavy is a program with a state of some bytes, which replies with as many.
type heavy struct {
	stub
	text []byte
}

func (p *heavy) Receive(from snapshot.ProcessID, _ []byte) { p.process.Send(from, p.text) }

func (p *heavy) Capture(done func(program.State)) { done(program.State{Bytes: p.text}) }

// startedHeavy returns the core of p1 after its first step, whose program has a state of
// some bytes.
func startedHeavy(t *testing.T, bytes int) *Core {
	t.Helper()
	c := newCores(t)[0]
	c.Step(0, []Event{Begin{Epoch: 1, Program: &heavy{text: []byte(`"` + strings.Repeat("x", bytes-2) + `"`)}}})
	return c
}

// ending makes a step in which a client asks for a snapshot of 1 ms, and the step in which
// its time is over. It returns the jobs of the latter.
func ending(c *Core) []Background {
	control(c, c.now, wire.StatusRequest{})
	request := wire.Request{Number: 1, Body: []byte(`{"type": "initiate", "timeout_ms": 1}`)}
	carriedOut(c, c.now, c.Step(c.now, []Event{Arrived{-9, []wire.Frame{request}}}))
	return only[Background](c.Step(c.now+time.Second, nil))
}

// taking takes a snapshot, up to its stream.
func taking(t *testing.T, c *Core) Stream {
	t.Helper()
	work := ending(c)
	if len(work) != 1 {
		t.Fatalf("end of a snapshot: got %d jobs off the loop, want the assembling", len(work))
	}
	streams := only[Stream](c.Step(c.now, []Event{Called{func() { work[0].Then(work[0].Work()) }}}))
	if len(streams) != 1 {
		t.Fatalf("assembled snapshot: got %d streams, want 1", len(streams))
	}
	return streams[0]
}

// A large snapshot counts in the memory until it is written to its client. Only then the
// end reply follows.
func TestResultsAreHeldUntilTheyAreWritten(t *testing.T) {
	const size = 3 << 20
	c := startedHeavy(t, size)
	stream := taking(t, c)
	if m := c.status().Memory; m.Parts != size || c.Holdings()["results"] != 1 {
		t.Errorf("before it is written: got the memory %+v and holdings %v, want parts of %d and 1 result", m, c.Holdings(), size)
	}
	var text []byte
	err := stream.Replies(func(r wire.Reply) error {
		if r.Kind != wire.KindData || r.Number != 1 || len(r.Body) > wire.ChunkMax {
			t.Errorf("got %s, want data of at most %d bytes for request 1", r, wire.ChunkMax)
		}
		text = append(text, r.Body...)
		return nil
	})
	if err != nil || !json.Valid(text) || len(text) < size {
		t.Errorf("got %d bytes and error %v, want JSON of more than %d", len(text), err, size)
	}
	replies := written[wire.Reply](c.Step(3*time.Second, []Event{Called{func() { stream.Then(nil) }}}), -9)
	if len(replies) != 1 || replies[0].Kind != wire.KindEnd {
		t.Errorf("after it was written: got the replies %v, want the end", replies)
	}
	if m := c.status().Memory; m.Parts != 0 || c.Holdings()["results"] != 0 {
		t.Errorf("after it was written: got the memory %+v and holdings %v, want no parts and no results", m, c.Holdings())
	}
}

// A snapshot that is on its way to a slow client counts for admission: a new one is refused
// by name.
func TestResultsRefuseSnapshots(t *testing.T) {
	c := startedHeavy(t, 3<<20)
	c.Cluster.Limits.Memory = 5 << 20
	stream := taking(t, c)
	const want = "more than half of its memory (limits.memory)"
	if replies := control(c, 3*time.Second, wire.InitiateRequest{}); len(replies) != 1 || !strings.Contains(string(replies[0].Body), want) {
		t.Errorf("while it is being written: got the replies %v, want an error with %q", replies, want)
	}
	c.Step(4*time.Second, []Event{Called{func() { stream.Then(nil) }}})
	if replies := control(c, 5*time.Second, wire.InitiateRequest{}); len(replies) > 0 {
		t.Errorf("after it was written: got the replies %v, want a snapshot in progress", replies)
	}
}

// The replies of the program that clients do not read are bounded together. One more
// becomes the error limit.
func TestRepliesOfCallsAreBounded(t *testing.T) {
	const size = 15 << 20
	c := startedHeavy(t, size)
	var streams []Stream
	control(c, time.Second, wire.StatusRequest{})
	call := func(number uint64) []wire.Reply {
		effects := c.Step(time.Second, []Event{Arrived{-9, []wire.Frame{wire.Request{Number: number, Body: []byte(`{"type": "call", "request": {}}`)}}}})
		streams = append(streams, only[Stream](effects)...)
		return written[wire.Reply](effects, -9)
	}
	const most = clientBytesMax / size
	for n := range uint64(most) {
		if replies := call(n); len(replies) > 0 || len(streams) != int(n)+1 {
			t.Fatalf("call %d: got the replies %v and %d streams, want a stream each", n, replies, len(streams))
		}
	}
	const want = `"replies of 60 MiB wait for clients to read them"`
	if replies := call(most); len(replies) != 1 || replies[0].Kind != wire.KindError || !strings.Contains(string(replies[0].Body), want) {
		t.Errorf("one call more: got the replies %v, want an error with %s", replies, want)
	}
	c.Step(time.Second, []Event{Called{func() { streams[0].Then(nil) }}})
	if replies := call(most + 1); len(replies) > 0 || len(streams) != most+1 {
		t.Errorf("after one was read: got the replies %v, want a stream", replies)
	}
}

// A client that has gone frees its results, whether they are being written or assembled.
func TestResultsEndWithTheirClient(t *testing.T) {
	c := startedHeavy(t, 3<<20)
	stream := taking(t, c)
	c.Step(3*time.Second, []Event{Closed{Conn: -9}})
	c.Step(3*time.Second, []Event{Called{func() { stream.Then(errors.New("closed")) }}})
	if got := c.Holdings()["results"]; got != 0 {
		t.Errorf("client gone while its snapshot was written: got %d results, want none", got)
	}
	work := ending(c)[0]
	c.Step(c.now, []Event{Closed{Conn: -9}})
	effects := c.Step(c.now, []Event{Called{func() { work.Then(work.Work()) }}})
	if got := c.Holdings()["results"]; got != 0 || len(only[Stream](effects)) > 0 {
		t.Errorf("client gone while its snapshot was assembled: got %d results and the effects %v, want none", got, effects)
	}
}

// A result that could not be written in full is not ended as if it were whole.
func TestBrokenResultsHangUp(t *testing.T) {
	c := startedHeavy(t, 3<<20)
	stream := taking(t, c)
	effects := c.Step(3*time.Second, []Event{Called{func() { stream.Then(errors.New("broken")) }}})
	if closes := only[Close](effects); len(closes) != 1 || closes[0].Conn != -9 || len(written[wire.Reply](effects, -9)) > 0 {
		t.Errorf("got %v, want the connection closed and no reply", effects)
	}
}

// A data reply is cut at ChunkMax, however the result is written.
func TestRepliesAreCut(t *testing.T) {
	text := bytes.Repeat([]byte("0123456789abcdef"), wire.ChunkMax/8)
	for _, size := range []int{1, 1000, wire.ChunkMax - 1, wire.ChunkMax, wire.ChunkMax + 1, len(text)} {
		var got []byte
		var lengths []int
		s := Stream{Number: 7, Write: func(w io.Writer) error {
			w.Write(text[:1]) // so that no later write begins with a chunk
			for piece := range slices.Chunk(text[1:], size) {
				w.Write(piece)
			}
			return nil
		}}
		s.Replies(func(r wire.Reply) error {
			wire.Append(nil, r) // panics if it is too long
			got, lengths = append(got, r.Body...), append(lengths, len(r.Body))
			return nil
		})
		if want := []int{wire.ChunkMax, wire.ChunkMax}; !bytes.Equal(got, text) || !slices.Equal(lengths, want) {
			t.Errorf("written in pieces of %d: got %d bytes in replies of %v, want %d in %v", size, len(got), lengths, len(text), want)
		}
	}
}

// No error reply is longer than a frame, whatever is in it. See TestSummaryFitsAFrame for
// the end reply.
func TestErrorRepliesFitAFrame(t *testing.T) {
	hostile := strings.Repeat("\x01", wire.TextMax) // six bytes each in JSON
	c, _ := started(t)
	control(c, 0, wire.StatusRequest{})
	session := c.conns[-9].handler.(*session)
	effects := c.Step(0, []Event{Called{func() {
		session.fail(1, wire.CodeLimit, strings.Repeat(hostile, 100))
		session.fail(2, wire.CodeLimit, strings.Repeat("\xff", 1<<20))
	}}})
	replies := written[wire.Reply](effects, -9)
	if len(replies) != 2 {
		t.Fatalf("got %d error replies, want 2", len(replies))
	}
	for _, r := range replies {
		wire.Append(nil, r) // panics if it is too long
	}
}
