package child

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"chandy/internal/clustertest"
	"chandy/internal/maelstrom"
)

// What real programs do, a test each. The processes are puppets unless a test says
// otherwise.

func TestLinesPassAsTheyAre(t *testing.T) {
	c := run(t, file(2, "puppet", "state = \"snapshot\"\n"))
	sent := []string{
		`{"src":"n1","dest":"n2","body":{"type":"a","msg_id":"a-1"}}`,                                       // a string as msg_id
		`{"src":"n1","dest":"n2","body":{"type":"a","in_reply_to":null}}`,                                   // in reply to nothing, in three ways
		`{"src":"n1","dest":"n2","body":{"type":"a","in_reply_to":0}}`,                                      //
		`{"src":"n1","dest":"n2","body":{"type":"a","in_reply_to":-1}}`,                                     //
		`{"src":"n1","dest":"n2","body":{"x":7}}`,                                                           // no type
		`{"id":12,"dest":"n2","body":{"z":1,"a":9223372036854775807,"type":"b"},"src":"n1"}`,                // an id, 19 digits, its order of keys
		`{ "dest" : "n2", "body" : { "type" : "spaces \u00e9 é", "e" : 1.0e2 } }`,                           // spaces, escapes, no src
		`{"src":"c77","dest":"n2","body":{"type":"forwarded","msg_id":3}}`,                                  // a client's src
		`{"src":"nobody","dest":"n2","body":{"type":"a"}}`,                                                  // a false one
		`{"src":"n1","dest":"n2","body":{"type":"long","pad":"` + strings.Repeat("x", 300_000) + `"}}` + "", // longer than a pipe
	}
	c.print("n1", sent...)
	if got := c.await("n2", len(sent)); !slices.Equal(got, sent) {
		for i := range got {
			if got[i] != sent[i] {
				t.Errorf("line %d:\n got  %.200s\n want %.200s", i, got[i], sent[i])
			}
		}
	}
	c.print("n1", `{"src":"n1","body":{"type":"lost"}}`, `{"dest":"n2","body":7}`, `{"dest":"n2","body":{"type":"after"}}`)
	if got := c.await("n2", len(sent)+1); len(got) != len(sent)+1 || !strings.Contains(got[len(sent)], "after") {
		t.Errorf("after a message without dest: got %.300q, want one line with \"after\"", got[len(sent):])
	}
	c.Logged(`line 13 of the child: not a message: \"dest\" must be a string and not empty`)
}

// A request that is forwarded with its client as the source is answered by its receiver,
// to the client, through the client's own node.
func TestForwarded(t *testing.T) {
	c := run(t, file(3, "puppet", "state = \"snapshot\"\n"))
	c.Up()
	for _, id := range []string{"1", "\"a\"", "9223372036854775807"} {
		want := fmt.Sprintf(`{"type":"forward_ok","in_reply_to":%s,"by":"n3"}`, id)
		if got := c.Call("n2", fmt.Sprintf(`{"type":"forward","text":"n3","msg_id":%s}`, id)); got != want {
			t.Errorf("forwarded: got %s, want %s", got, want)
		}
	}
	s := c.Complete("n1")
	for _, p := range s.Processes {
		if n := p.State.About.Unanswered; n != 0 {
			t.Errorf("%s: got %d requests unanswered, want none", p.ID, n)
		}
		if at := p.Times; at == nil || at.Held < 0 || at.Settled < at.Held || at.Asked != at.Settled || at.Encoded < at.Asked || at.Sent < at.Encoded {
			t.Errorf("%s: got the times %+v, want held, settled, asked, encoded and sent in this order", p.ID, at)
		}
	}
	// A reply to a client that is gone, of this node and of another one.
	c.print("n1", `{"dest":"c1","body":{"type":"late","in_reply_to":5}}`, `{"dest":"c3","body":{"type":"late","in_reply_to":5}}`,
		`{"dest":"c0","body":{"type":"late","in_reply_to":77}}`, `{"dest":"n3","body":{"type":"after"}}`)
	if got := c.await("n3", 1); len(got) != 1 || !strings.Contains(got[0], "after") {
		t.Errorf("n3: got %q, want one line with \"after\"", got)
	}
	c.Logged("client c1 has no open request for this reply")
	c.Logged("client c3 has no open request for this reply")
	c.Logged("no request of the node waits for this reply")
}

// Messages to oneself are on a channel.
func TestSelf(t *testing.T) {
	c := run(t, file(1, "puppet", "state = \"snapshot\"\n"))
	c.print("n1", `{"src":"n1","dest":"n1","body":{"type":"self"}}`)
	c.await("n1", 1)
	s := c.Complete("n1")
	if len(s.Channels) != 1 || s.Channels[0].Sent != 1 || s.Channels[0].Received != 1 {
		t.Errorf("got %s, want one channel, sent 1, received 1", s)
	}
}

// A child that sends a request where there is no channel receives an error.
func TestNoChannel(t *testing.T) {
	text := file(3, "puppet", "state = \"snapshot\"\n", `channels = ["n2"]`)
	c := run(t, text)
	c.print("n1", `{"dest":"n3","body":{"type":"a","msg_id":5}}`, `{"dest":"n1","body":{"type":"a","msg_id":"s"}}`, `{"dest":"no\"body","body":{"type":"a","msg_id":7}}`,
		`{"dest":"n3","body":{"type":"a","msg_id":0}}`, `{"dest":"n3","body":{"type":"error","msg_id":0}}`, `{"dest":"n3","body":{"type":"a","msg_id":null}}`,
		`{"dest":"n3","body":{"type":"a"}}`, `{"dest":"c3","body":{"type":"a","msg_id":9}}`, `{"dest":"seq-kv","body":{"type":"read","msg_id":11}}`, `{"dest":"n2","body":{"type":"a"}}`)
	got := c.await("n1", 7)
	want := []string{
		`{"src":"c0","dest":"n1","body":{"type":"topology","topology":{"n1":["n2"],"n2":["n1","n3"],"n3":["n1","n2"]},"msg_id":2}}`,
		`{"src":"n3","dest":"n1","body":{"type":"error","code":1,"text":"there is no channel from n1 to n3","in_reply_to":5}}`,
		`{"src":"n1","dest":"n1","body":{"type":"error","code":1,"text":"there is no channel from n1 to n1","in_reply_to":"s"}}`,
		`{"src":"no\"body","dest":"n1","body":{"type":"error","code":1,"text":"there is no process \"no\\\"body\"","in_reply_to":7}}`,
		`{"src":"n3","dest":"n1","body":{"type":"error","code":1,"text":"there is no channel from n1 to n3","in_reply_to":0}}`,
		`{"src":"c3","dest":"n1","body":{"type":"error","code":1,"text":"there is no channel from n1 to n3","in_reply_to":9}}`,
		`{"src":"seq-kv","dest":"n1","body":{"type":"error","code":1,"text":"there is no process \"seq-kv\": the cluster file needs a [[process]] with this id and kind","in_reply_to":11}}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("n1: got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := c.await("n2", 2); !strings.Contains(got[1], `{"dest":"n2"`) {
		t.Errorf("n2: got %q, want the message to n2", got)
	}
	c.Logged("there is no channel from n1 to n3")
}

// A line that the child prints before it reads init is sent.
func TestOutputBeforeInit(t *testing.T) {
	c := newCluster(t, file(2, "puppet", "state = \"snapshot\"\n", with(env("early"))))
	c.Start("n1")
	c.Start("n2")
	want := []string{`{"src":"?","dest":"n2","body":{"type":"early"}}`}
	if got := c.await("n2", 1); !slices.Equal(got, want) {
		t.Errorf("n2: got %q, want %q", got, want)
	}
}

// A message that arrives before init_ok waits in the inbox, where a snapshot records it.
func TestMessageBeforeInit(t *testing.T) {
	m := newMeeting(t)
	c := newCluster(t, file(2, "puppet", "state = \"none\"\n", with(m.env("late"))))
	c.Start("n1")
	c.Start("n2")
	arrived := m.come()
	sent := []string{`{"dest":"n1","body":{"type":"a"}}`, `{"dest":"n1","body":{"type":"b"}}`}
	c.print("n2", sent...)
	s := c.Complete("n2")
	if got := clustertest.Payloads(s.Channel("n2", "n1")); !slices.Equal(got, sent) {
		t.Errorf("in flight: got %q, want %q", got, sent)
	}
	if n := s.Channel("n1", "n2").Sent; n != 1 {
		t.Errorf("before init_ok: got %d messages sent, want the one that n1 printed\n%s", n, s)
	}
	if text, fault, about := stateOf(s, "n1"); text != "" || fault != `the program is not asked for its state (state = "none")` || about.Settled != "" {
		t.Errorf("n1: got state %q, error %q, %+v; want no state, an error", text, fault, about)
	}
	arrived.Write([]byte("."))
	if got := c.await("n1", 2); !slices.Equal(got, sent) {
		t.Errorf("n1: got %q, want %q", got, sent)
	}
}

// The white space around a line belongs to no message. A snapshot records and prints exactly
// what the receiver receives.
func TestWhiteSpaceAroundALineIsCutOnce(t *testing.T) {
	m := newMeeting(t)
	c := newCluster(t, file(2, "puppet", "state = \"none\"\n", with(m.env("late"))))
	c.Start("n1")
	c.Start("n2")
	arrived := m.come()
	want := []string{`{ "dest": "n1", "body": {"type": "a"} }`, `{"dest":"n1","body":{"type":"b"}}`, `{"dest":"n1","body":{"type":"c"}}`}
	c.print("n2", " \t "+want[0]+"\t ", want[1]+"\r", "  "+want[2]+" \r")
	s := c.Complete("n2")
	if got := clustertest.Payloads(s.Channel("n2", "n1")); !slices.Equal(got, want) {
		t.Errorf("in flight: got %q, want %q", got, want)
	}
	for _, line := range want {
		if printed := `"payload": ` + line + `}`; !strings.Contains(s.String(), printed) {
			t.Errorf("got the snapshot %s\nwant in it %s", s, printed)
		}
	}
	arrived.Write([]byte("."))
	if got := c.await("n1", len(want)); !slices.Equal(got, want) {
		t.Errorf("delivered: got %q, want %q", got, want)
	}
}

// A line feed or a carriage return between two tokens of a message reaches a child as a
// space, because a program may take either for a line end.
func TestLineEndsInAMessageBecomeSpaces(t *testing.T) {
	for text, want := range map[string]string{
		"{\"a\":\r\n1,\r\"b\":\n2}": `{"a":  1, "b": 2}`,
		`{"a":"\r\n"}`:              `{"a":"\r\n"}`,
	} {
		if got := oneLine([]byte(text)); string(got) != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	c := run(t, file(2, "puppet", ""))
	c.print("n1", "{\"dest\":\"n2\",\r\"body\":{\"type\":\r\"a\"}}")
	want := []string{`{"dest":"n2", "body":{"type": "a"}}`}
	if got := c.await("n2", 1); !slices.Equal(got, want) {
		t.Errorf("n2: got %q, want %q", got, want)
	}
}

// A child that prints without end and never reads does not make queues grow, and does not
// hold up others.
func TestFlood(t *testing.T) {
	m := newMeeting(t)
	c := newCluster(t, file(3, "puppet", "state = \"snapshot\"\nstate_timeout = \"200ms\"\n[network]\noutbox_high = \"256KiB\"\nwindow = \"64KiB\"\n[snapshot]\nmarkers = \"ahead\"\n",
		with(env("flood")), with(m.env("deaf"), `state = "none"`)))
	c.Start("n1")
	x := c.made("n2")
	c.Host("n2", x)
	c.Start("n3")
	gate := m.come()
	// n2 does not read, so the outbox of n1->n2 fills, and n1 is held back.
	c.Up()
	s := c.Complete("n3")
	if _, fault, about := stateOf(s, "n1"); !strings.Contains(fault, "no reply within 200ms") && !strings.Contains(fault, "does not read") || about.Unanswered != 0 {
		t.Errorf("n1: got error %q, %+v; want no reply, none unanswered", fault, about)
	}
	if got := c.Call("n3", `{"type":"lines"}`); !strings.Contains(got, "lines_ok") {
		t.Errorf("n3: got %s, want lines_ok", got)
	}
	if n := x.waiting(); n == 0 || n > 1200 {
		t.Errorf("got %d bytes that wait for n2, want those of one line", n)
	}
	gate.Write([]byte("."))
	for i, line := range c.await("n2", 2000)[:2000] {
		if !strings.Contains(line, fmt.Sprintf(`"n":%d,`, i+1)) {
			t.Fatalf("n2: got %.100s, want line %d", line, i+1)
		}
	}
}

// A child whose messages are refused, and that never reads the refusals, neither makes the
// queues of its node grow without limit nor stops the node.
func TestDrowned(t *testing.T) {
	c := newCluster(t, file(2, "puppet", "", with(env("drowned"))))
	x := c.made("n1")
	c.Host("n1", x)
	c.Start("n2")
	if got := c.await("n2", 1); !strings.Contains(got[0], "done") {
		t.Errorf("n2: got %q, want \"done\"", got)
	}
	if n := x.waiting(); n < refusalsMax/2 || n > refusalsMax+1000 {
		t.Errorf("got %d bytes that wait for n1, want about %d", n, refusalsMax)
	}
}

// waiting returns how many bytes wait to be written to a child.
func (x *Program) waiting() int {
	n := make(chan int)
	x.process.Do(func() { n <- x.child.Pending() })
	return <-n
}

// Children that print more than all queues hold before they read anything do not
// deadlock.
func TestCircle(t *testing.T) {
	c := run(t, file(3, "burst", "")+"[network]\noutbox_high = \"64KiB\"\nwindow = \"4KiB\"\n")
	for _, id := range c.Config.IDs() {
		c.Call(id, `{"type":"await"}`)
	}
}

// A child that does not answer init within init_timeout ends its node.
func TestMute(t *testing.T) {
	c := run(t, file(1, "mute", "init_timeout = \"50ms\"\n"))
	c.ends("n1", "the child has not answered init within 50ms (init_timeout): it has printed nothing (does it flush its output?)")
}

// A child that exits, or breaks the protocol, ends its node with an error that names the
// reason.
func TestEnds(t *testing.T) {
	for name, test := range map[string]struct {
		settings string
		request  string
		want     string
	}{
		"exit 0":        {"", `{"type":"leave"}`, "child exited: exit status 0"},
		"exit 3":        {"", `{"type":"leave","n":3,"text":"first\nlast \u001b[31mred\nno end"}`, "child exited: exit status 3; last line on stderr: no end"},
		"control":       {"", `{"type":"leave","n":3,"text":"\u001b[31mred\u0000\t\u00e9\n"}`, `child exited: exit status 3; last line on stderr: \x1b[31mred\x00 é`},
		"stdout closed": {"", `{"type":"close stdout"}`, "the child closed its stdout"},
		"partial":       {"", `{"type":"partial","text":"{\"half"}`, `child exited: exit status 0; its output ended within line 2: "{\"half"`},
		"not JSON":      {"", `{"type":"print","lines":["{}","hello \u0000` + strings.Repeat("x", 200) + `"]}`, `line 3 of the child is no JSON object: "hello \x00` + strings.Repeat("x", 121) + `"`},
		"an array":      {"", `{"type":"print","lines":["[]"]}`, `line 2 of the child is no JSON object: "[]"`},
		"empty":         {"", `{"type":"print","lines":[""]}`, `line 2 of the child is no JSON object: ""`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := run(t, file(1, "puppet", test.settings))
			c.Cast("n1", test.request)
			c.ends("n1", test.want)
		})
	}
}

func TestClosedStdin(t *testing.T) {
	c := run(t, file(2, "puppet", ""))
	c.Cast("n1", `{"type":"close stdin"}`)
	c.print("n2", `{"dest":"n1","body":{"type":"a"}}`)
	c.print("n2", `{"dest":"n1","body":{"type":"a"}}`)
	for ended := false; !ended; {
		select {
		case <-c.Done("n1"):
			ended = true
			c.ends("n1", "the child closed its stdin")
		default: // the first messages may have come before stdin was closed
			c.print("n2", `{"dest":"n1","body":{"type":"a"}}`)
		}
	}
}

// A last line without a line feed counts if it is JSON.
func TestPartialLine(t *testing.T) {
	c := run(t, file(2, "puppet", ""))
	c.Up()
	c.Cast("n1", `{"type":"partial","text":"{\"dest\":\"n2\",\"body\":{\"type\":\"last\"}}"}`)
	c.ends("n1", "child exited: exit status 0")
	if strings.Contains(c.Log.String(), "no JSON") {
		t.Errorf("got a log with \"no JSON\", want none:\n%s", c.Log)
	}
}

func TestBadLineDropped(t *testing.T) {
	c := run(t, file(2, "puppet", "on_bad_line = \"drop\"\n"))
	c.print("n1", "hello", "[]", `{"dest":"n2","body":{"type":"after"}}`)
	if got := c.await("n2", 1); !strings.Contains(got[0], "after") {
		t.Errorf("n2: got %q, want \"after\"", got)
	}
	c.Logged("line 3 of the child is no JSON object")
}

// Line_limit keeps a child from lines that it cannot read.
func TestLineLimit(t *testing.T) {
	long := func(n int) string {
		const frame = `{"dest":"n1","body":{"pad":""}}`
		return strings.Replace(frame, `""`, `"`+strings.Repeat("x", n-len(frame))+`"`, 1)
	}
	c := run(t, file(2, "puppet", "", with(env("scanner"), `line_limit = "65535B"`)))
	c.print("n2", long(65535))
	if got := c.await("n2", 1); !strings.Contains(got[0], `"n":65535`) {
		t.Errorf("n2: got %q, want a length of 65535", got)
	}
	c.print("n2", long(65536))
	c.ends("n1", "a line of 65536 bytes came from n2, more than 65535 (line_limit)")
	c = run(t, file(2, "puppet", "", with(env("scanner"))))
	c.print("n2", long(65536))
	c.ends("n1", "child exited: exit status 7; last line on stderr: bufio.Scanner: token too long")
}

// A client's request that the child cannot take is refused. The node goes on.
func TestLongRequestsAreRefused(t *testing.T) {
	c := run(t, file(1, "puppet", "line_limit = \"1KiB\"\n"))
	request := func(pad int) string {
		return fmt.Sprintf(`{"type":"print","lines":[],"pad":%q}`, strings.Repeat("x", pad))
	}
	line := len(maelstrom.AppendLine(nil, "c1", "n1", []byte(`{"msg_id":1,`+request(0)[1:])))
	for n, want := range map[int]string{
		1024: `{"type":"print_ok","in_reply_to":1}`,
		1025: `{"type":"error","code":12,"text":"the request is a line of 1025 bytes, and the child takes at most 1024 (line_limit)","in_reply_to":1}`,
	} {
		if got := c.Call("n1", request(n-line)); got != want {
			t.Errorf("a request of %d bytes: got %s, want %s", n, got, want)
		}
	}
}

// A child's environment has nothing of the node's but what a program needs. Its working
// directory is the one of the cluster file.
func TestEnvironment(t *testing.T) {
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("LC_TIME", "C")
	t.Setenv("TZ", "UTC")
	c := run(t, file(1, "puppet", ""))
	got := clustertest.JSON[struct {
		Env []string
		Dir string
	}](c.Call("n1", `{"type":"environment"}`))
	for _, v := range got.Env {
		name, _, _ := strings.Cut(v, "=")
		if !slices.Contains([]string{"CHILD", "GORACE", "PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR", "PWD"}, name) && !strings.HasPrefix(name, "LC_") {
			t.Errorf("got variable %s, want none of that name", v)
		}
	}
	for _, want := range []string{"CHILD=puppet", "LC_TIME=C", "TZ=UTC"} {
		if !slices.Contains(got.Env, want) {
			t.Errorf("got environment %q, want %s in it", got.Env, want)
		}
	}
	if got.Dir != c.Config.Dir() {
		t.Errorf("working directory: got %s, want %s", got.Dir, c.Config.Dir())
	}
}

// A program that does not exist.
func TestNoSuchProgram(t *testing.T) {
	c := run(t, file(1, "puppet", "", with(`command = ["no-such-program"]`)))
	c.ends("n1", `start no-such-program: exec: "no-such-program": executable file not found in $PATH`)
}
