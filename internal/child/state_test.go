package child

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/internal/clustertest"
	"chandy/internal/maelstrom"
	"chandy/program"
	"chandy/snapshot"
)

// unhurried lets a child settle however busy the machine is. The default of 100 ms is
// too short for that, and then the child is found not to be idle.
const unhurried = "settle_timeout = \"1m\"\n"

// The ways of asking for a state.
func TestStates(t *testing.T) {
	for name, test := range map[string]struct{ settings, want, wrong string }{
		"none":     {`state = "none"`, "", `the program is not asked for its state (state = "none")`},
		"left out": {``, "", `the program is not asked for its state (state = "none")`},
		"snapshot": {`state = "snapshot"`, `{"restored":null,"lines":["{\"src\":\"c0\",\"dest\":\"n1\",\"body\":{\"type\":\"init\",\"node_id\":\"n1\",\"node_ids\":[\"n1\"],\"msg_id\":1}}"]}`, ""},
		"request":  {`state = '{"type":"read"}'`, `{"type":"read_ok","in_reply_to":2,"value":1}`, ""},
		"no reply": {"state = '{\"type\":\"nothing\"}'\nstate_timeout = \"100ms\"", "", "no reply within 100ms (state_timeout)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := run(t, file(1, "puppet", test.settings+"\n"+unhurried))
			if name != "no reply" {
				c.Call("n1", `{"type":"lines"}`)
			}
			s := c.Complete("n1")
			text, fault, about := stateOf(s, "n1")
			notAsked := name == "none" || name == "left out"
			if asked := s.Process("n1").Times.Asked; notAsked != (asked == snapshot.Never) {
				t.Errorf("got asked after %v, want never: %t", asked, notAsked)
			}
			if name == "snapshot" || name == "request" {
				if want := reached(); about.Settled != want {
					t.Errorf("settled: got %q, want %q", about.Settled, want)
				}
			}
			if text != test.want || fault != test.wrong {
				t.Errorf("state: got %s, %q, want %s, %q", text, fault, test.want, test.wrong)
			}
		})
	}
}

// reached is what a child that has nothing to do reaches on this system.
func reached() string {
	if canIdle {
		return "acknowledged+idle"
	}
	return "acknowledged"
}

// A line that is printed before the reply was sent before the cut. A line that is printed
// after the reply was sent after the cut.
func TestPrintedBeforeReply(t *testing.T) {
	c := run(t, file(2, "puppet", "", with(env("chatty"), `state = "snapshot"`)))
	for round := range 20 {
		s := c.Complete("n1")
		want := uint64(6*round + 3)
		if sent := s.Channel("n1", "n2").Sent; sent != want {
			t.Fatalf("round %d: got %d sent, want %d\n%s", round, sent, want, s)
		}
		if text, _, about := stateOf(s, "n1"); text != fmt.Sprint(want) || about.Printed != 3 || about.Unanswered != 0 {
			t.Fatalf("round %d: got %s, %+v, want %d, 3 printed, none unanswered", round, text, about, want)
		}
	}
}

// Nothing is written to a child between the request and its reply. An error about a message
// that cannot be sent is written afterwards.
func TestRefusedInCapture(t *testing.T) {
	c := run(t, file(1, "asker", "state = \"snapshot\"\n"))
	for round := range 5 {
		if text, _, about := stateOf(c.Complete("n1"), "n1"); text != fmt.Sprint(round) || about.Printed != 1 {
			t.Fatalf("round %d: got %s, %+v, want %d, 1 printed", round, text, about, round)
		}
	}
}

// A node that stops ends its child.
func TestNodeEndsChild(t *testing.T) {
	m := newMeeting(t)
	c := run(t, file(1, "puppet", "", with(m.env("stubborn"))))
	gone := m.come()
	if err := c.Stop("n1"); err != nil {
		t.Errorf("stop: got error %v, want none", err)
	}
	m.gone(gone)
	none(t)
}

// A reply that comes too late is dropped. It does not count as the reply to the next
// request.
func TestLateReply(t *testing.T) {
	c := run(t, file(1, "stuck", "state = \"snapshot\"\nstate_timeout = \"50ms\"\n"+unhurried))
	for range 3 {
		_, fault, about := stateOf(c.Complete("n1"), "n1")
		if want := "no reply within 50ms (state_timeout)"; fault != want || about.Settled != reached() {
			t.Errorf("got error %q, settled %q, want %q, %q", fault, about.Settled, want, reached())
		}
	}
	c.Logged("no request of the node waits for this reply")
}

// A capture waits for the reply to an unanswered request until settle_timeout.
func TestUnanswered(t *testing.T) {
	c := run(t, file(1, "puppet", "state = \"snapshot\"\nsettle_timeout = \"60ms\"\n"))
	c.Call("n1", `{"type":"lines"}`)
	c.Cast("n1", `{"type":"never"}`)
	for {
		_, _, p := stateOf(c.Complete("n1"), "n1")
		if p.Unanswered == 0 { // the request has not come yet
			continue
		}
		want := "idle"
		if !canIdle {
			want = "none"
		}
		if p.Unanswered != 1 || p.Settled != want && p.Settled != "none" {
			t.Errorf("got %+v, want 1 unanswered, settled %s or none", p, want)
		}
		return
	}
}

// A request that nobody answers costs the settle time-out once. Later snapshots still say
// that it is unanswered.
func TestSettleTimeoutIsSpentOnceForARequest(t *testing.T) {
	c := run(t, file(1, "puppet", "state = \"snapshot\"\nsettle_timeout = \"1s\"\n"))
	c.Call("n1", `{"type":"lines"}`)
	c.Cast("n1", `{"type":"never"}`)
	var slow, open int
	for open < 5 {
		s := c.Complete("n1")
		_, _, about := stateOf(s, "n1")
		if about.Unanswered == 0 { // the request has not come yet
			continue
		}
		open++
		if s.Process("n1").RecordedAfter >= time.Second {
			slow++
		}
		if about.Unanswered != 1 || canIdle && about.Settled != "idle" {
			t.Errorf("got %+v, want 1 unanswered, settled idle", about)
		}
	}
	if slow != 1 {
		t.Errorf("got %d of %d snapshots that took the settle time-out, want 1", slow, open)
	}
}

// A reply may have a msg_id of its own, and is no request that waits for an answer. If it
// cannot be sent, nobody is told: an error would answer no request.
func TestReplyWithAMsgIDIsAReply(t *testing.T) {
	c := run(t, file(2, "puppet", "state = \"snapshot\"\n"))
	reply := `{"dest":"n2","body":{"type":"r","msg_id":4,"in_reply_to":3}}`
	c.print("n1", strings.Replace(reply, "n2", "nobody", 1), reply)
	if got := c.await("n2", 1); got[0] != reply {
		t.Fatalf("n2: got %s, want %s", got[0], reply)
	}
	if _, fault, about := stateOf(c.Complete("n2"), "n2"); fault != "" || about.Unanswered != 0 {
		t.Errorf("n2: got the error %q, %+v, want no error, none unanswered", fault, about)
	}
	if got := c.await("n1", 0); len(got) != 0 {
		t.Errorf("n1: got %q, want no error", got)
	}
}

// The log says once that a child has connections of its own.
func TestConnectionsOfAChildAreFound(t *testing.T) {
	if !canIdle {
		t.Skip("this system does not show the files of a process")
	}
	m := newMeeting(t)
	c := run(t, file(2, "puppet", "state = \"snapshot\"\n", with(m.env("late"))))
	gate := m.come()
	gate.Write([]byte("."))
	for range 3 {
		c.Complete("n1")
	}
	const want = "has connections of its own"
	c.Logged(want)
	c.StopAll() // and with it what still looks at the children
	if n := strings.Count(c.Log.String(), want); n != 1 {
		t.Errorf("got the warning %d times, want once, about n1", n)
	}
}

// A state error quotes a child that refuses, or that answers without a state.
func TestNoState(t *testing.T) {
	x := newCluster(t, file(1, "puppet", "")).made("n1")
	for body, want := range map[string]string{
		`{"type":"error","code":10,"text":"no"}`: `the child refuses: {"type":"error","code":10,"text":"no"}`,
		`{"type":"snapshot_ok"}`:                 `the child's reply has no "state": {"type":"snapshot_ok"}`,
	} {
		x.settings.State = stateSnapshot
		x.capture = &capture{}
		l, err := maelstrom.ParseBody([]byte(body))
		if got := x.state(l); err != nil || got.Error != want {
			t.Errorf("%s: got state error %q, %v, want %q", body, got.Error, err, want)
		}
	}
}

// A snapshot waits for init_ok without a limit of its own: state_timeout begins later.
func TestSnapshotBeforeInit(t *testing.T) {
	m := newMeeting(t)
	c := newCluster(t, file(1, "puppet", "state = \"snapshot\"\n", with(m.env("late"))))
	x := c.made("n1")
	c.Host("n1", x)
	gate := m.come()
	taken := c.Begin(patience, "n1")
	for begun, limited := false, make(chan bool); !begun; {
		x.process.Do(func() {
			begun = x.capture != nil
			limited <- begun && x.capture.timer != nil
		})
		if <-limited {
			t.Error("before init_ok: got a time limit of the capture, want none")
		}
	}
	if len(taken) > 0 {
		t.Errorf("before init_ok: got %s, want no snapshot", <-taken)
	}
	gate.Write([]byte("."))
	if _, fault, _ := stateOf(<-taken, "n1"); fault != "" {
		t.Errorf("got error %q, want none", fault)
	}
}

// A capture with a limit ends in time, and says what the child has not done.
func TestCaptureEndsWithinItsLimit(t *testing.T) {
	capture := func(x *Program, want string) {
		t.Helper()
		said := make(chan string, 1)
		x.process.Do(func() {
			x.CaptureWithin(limit(time.Millisecond), func(s program.State) { said <- s.Error })
		})
		if got := <-said; got != want {
			t.Errorf("got the state error %q, want %q", got, want)
		}
	}
	m := newMeeting(t)
	c := newCluster(t, file(1, "puppet", "state = '{\"type\":\"nothing\"}'\nsettle = \"none\"\n", with(m.env("late"))))
	x := c.made("n1")
	c.Host("n1", x)
	gate := m.come()
	capture(x, "n1 has not answered init yet")
	gate.Write([]byte("."))
	x.awaitReady()
	capture(x, "no reply within 1ms (the time of the snapshot)")
}

// awaitReady returns when the child has answered init.
func (x *Program) awaitReady() {
	for ready := make(chan bool); ; {
		x.process.Do(func() { ready <- x.ready })
		if <-ready {
			return
		}
	}
}

// limit returns a function that returns d once, and 0 from then on.
func limit(d time.Duration) func() time.Duration {
	return func() (left time.Duration) {
		left, d = d, 0
		return left
	}
}

// A capture goes on when a snapshot joins it that leaves more time.
func TestCaptureIsExtended(t *testing.T) {
	c := newCluster(t, file(1, "puppet", "state = '{\"type\":\"nothing\"}'\nsettle = \"none\"\n"))
	x := c.made("n1")
	c.Host("n1", x)
	c.Up()
	x.awaitReady()
	said := make(chan string, 1)
	left := []time.Duration{0, 2 * time.Millisecond, 2 * time.Millisecond, time.Millisecond} // as asked, from the last on
	x.process.Do(func() {
		x.CaptureWithin(func() (d time.Duration) {
			d, left = left[len(left)-1], left[:len(left)-1]
			return d
		}, func(s program.State) { said <- s.Error })
	})
	if got, want := <-said, "no reply within 3ms (the time of the snapshot)"; got != want {
		t.Errorf("got the state error %q, want %q", got, want)
	}
}

// A program that was never started has nothing to close.
func TestNeverStarted(t *testing.T) {
	if err := newCluster(t, file(1, "puppet", "")).made("n1").Close(); err != nil {
		t.Errorf("close: got error %v, want none", err)
	}
}

func TestSettings(t *testing.T) {
	for settings, want := range map[string]string{
		"":                      `command: is missing: the program and its arguments, such as ["python3", "ring.py"]`,
		`command = []`:          `command: is missing: the program and its arguments, such as ["python3", "ring.py"]`,
		`command = [""]`:        "command[0]: is empty: name a program",
		`command = ["a\u0000"]`: "command[0]: must not contain a NUL",
		`command = "a b"`:       "command: must be an array, not a string",
		"command = [\"a\"]\nstate = \"all\"\nenv = { \"a=b\" = \"\" }": "env: \"a=b\" = \"\": a name must not be empty or contain \"=\", and nothing may contain a NUL\n" +
			`state: must be "none", "snapshot" or a request as JSON, such as '{"type":"read"}', not "all"`,
		"command = [\"a\"]\nstate = \"{}\"":                               `state: a request needs a "type"`,
		"command = [\"a\"]\nstate = '{\"type\":\"read\",\"msg_id\":1}'":   `state: must not contain "msg_id" or "in_reply_to"`,
		"command = [\"a\"]\nstate = '''{\"type\":\n\"read\"}'''":          "state: a request is one line",
		"command = [\"a\"]\nsettle = \"yes\"":                             `settle: must be one of auto, none, not "yes"`,
		"command = [\"a\"]\nline_limit = \"1B\"\non_bad_line = \"panic\"": "line_limit: must be from 1KiB to 16MiB, not \"1B\"\non_bad_line: must be one of end, drop, not \"panic\"",
	} {
		c := newCluster(t, clustertest.File("[program]\nkind = \"exec\"\n"+settings, "n1")).Config
		if _, err := New(c, c.Processes[0]); fmt.Sprint(err) != want {
			t.Errorf("%s:\n got error %v\n want %s", settings, err, want)
		}
	}
}

// Requests beyond openMax count as unanswered for good.
func TestRequests(t *testing.T) {
	var r requests
	id := func(i int) []byte { return fmt.Append(nil, i) }
	for i := range openMax + 10 {
		r.add(r.count+1, "n1", id(i), 0)
	}
	if r.unanswered() != openMax+10 || len(r.open) != openMax {
		t.Errorf("got %d unanswered, %d open, want %d, %d", r.unanswered(), len(r.open), openMax+10, openMax)
	}
	for i := range openMax + 10 {
		if known := r.answered("n1", id(i)); known != (i >= 10) || r.answered("n1", id(i)) {
			t.Fatalf("reply to request %d: got known %v, want %v, and false the second time", i, known, i >= 10)
		}
	}
	if r.unanswered() != 10 || r.answered("n2", id(1)) {
		t.Errorf("got %d unanswered, want 10; want no request of n2", r.unanswered())
	}
	for i := range 10 * openMax { // answered ones are forgotten
		r.add(r.count+1, "n1", id(i%3), 0)
		r.answered("n1", id(i%3))
	}
	if len(r.order) > 100 || len(r.open) != 0 || r.unanswered() != 10 {
		t.Errorf("got %d in order, %d open, %d unanswered, want at most 100, 0, 10", len(r.order), len(r.open), r.unanswered())
	}
}

// The open requests are listed oldest first, each with the time at which it came last. A
// request that was given up is listed, and no longer awaited.
func TestOpenRequestsOldestFirst(t *testing.T) {
	var r requests
	for i := range 6 {
		r.add(r.count+1, "n1", fmt.Append(nil, i%5), time.Duration(i)) // the request 0 comes twice
	}
	check := func(awaited int, want ...request) {
		t.Helper()
		if got := slices.Collect(r.oldestFirst()); !slices.Equal(got, want) || r.awaited != awaited {
			t.Errorf("got %v, %d awaited, want %v, %d awaited", got, r.awaited, want, awaited)
		}
	}
	key := func(id string) requestKey { return requestKey{"n1", id} }
	r.answered("n1", []byte("2"))
	check(4, request{key("1"), 2, 1}, request{key("3"), 4, 3}, request{key("4"), 5, 4}, request{key("0"), 6, 5})
	r.giveUp()
	r.answered("n1", []byte("3"))
	r.add(r.count+1, "c1", []byte("7"), 9)
	r.add(r.count+1, "n1", []byte("1"), 10) // a request that was given up comes again
	check(2, request{key("4"), 5, 4}, request{key("0"), 6, 5}, request{requestKey{"c1", "7"}, 7, 9}, request{key("1"), 8, 10})
	if n := r.unanswered(); n != 4 {
		t.Errorf("got %d unanswered, want 4", n)
	}
}

// An open request does not keep its msg_id in memory if that is long. Its reply is
// recognised all the same.
func TestLongIDsOfRequests(t *testing.T) {
	var r requests
	id := func(i int) []byte { return fmt.Appendf(nil, "%q", fmt.Sprint(strings.Repeat("x", 1<<16), i)) }
	for i := range 10 {
		r.add(r.count+1, "c1", id(i), 0)
	}
	for key := range r.open {
		if len(key.id) > idMax {
			t.Errorf("kept of a msg_id of 64 KiB: got %d bytes, want at most %d", len(key.id), idMax)
		}
	}
	for i := range 10 {
		if !r.answered("c1", id(i)) || r.answered("c1", id(i)) {
			t.Errorf("reply to request %d: got it unknown or known twice, want known once", i)
		}
	}
}
