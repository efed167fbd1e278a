package bundled

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"chandy/internal/clustertest"
	"chandy/snapshot"
)

// The child of the test is this test program itself, with $CHILD set.
func TestMain(m *testing.M) {
	if os.Getenv("CHILD") == "counter" {
		counter()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// counterState is the state of a child of TestCounter.
type counterState struct {
	Added   int  `json:"added"`   // cas_ok received
	Refused int  `json:"refused"` // errors received
	Waits   bool `json:"waits"`   // for a reply of a service
	Stamps  int  `json:"stamps"`  // of lin-tso received
}

// counter adds to a counter in lin-kv, again and again, and gets a timestamp each time. It
// passes on requests of clients.
func counter() {
	type body map[string]any
	type message struct {
		Src  string `json:"src"`
		Dest string `json:"dest"`
		Body body   `json:"body"`
	}
	var self string
	var state counterState
	next := 0
	out := json.NewEncoder(os.Stdout)
	ask := func(dest string, b body) {
		next++
		b["msg_id"] = next
		state.Waits = true
		out.Encode(message{self, dest, b})
	}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		var m message
		d := json.NewDecoder(bytes.NewReader(in.Bytes()))
		d.UseNumber()
		if err := d.Decode(&m); err != nil {
			panic(err)
		}
		if m.Dest != self && self != "" {
			panic("this is for " + m.Dest)
		}
		reply := func(b body) {
			b["in_reply_to"] = m.Body["msg_id"]
			out.Encode(message{self, m.Src, b})
		}
		id, _ := m.Body["in_reply_to"].(json.Number)
		if id != "" && id.String() != fmt.Sprint(next) {
			panic(fmt.Sprintf("%s, after request %d", in.Bytes(), next))
		}
		code, _ := m.Body["code"].(json.Number)
		switch m.Body["type"] {
		case "init":
			self = m.Body["node_id"].(string)
			reply(body{"type": "init_ok"})
		case "snapshot":
			reply(body{"type": "snapshot_ok", "state": state})
		case "start":
			reply(body{"type": "start_ok"})
			ask("lin-tso", body{"type": "ts"})
		case "pass on":
			b := body{"type": "read", "key": "counter", "msg_id": m.Body["msg_id"]}
			to := "lin-kv"
			if via, ok := m.Body["via"].(string); ok {
				b["type"], to = "pass on", via
			}
			out.Encode(message{m.Src, to, b})
		case "ts_ok":
			state.Stamps++
			ask("lin-kv", body{"type": "read", "key": "counter"})
		case "read_ok":
			n, _ := m.Body["value"].(json.Number).Int64()
			ask("lin-kv", body{"type": "cas", "key": "counter", "from": n, "to": n + 1})
		case "cas_ok":
			state.Added++
			ask("lin-tso", body{"type": "ts"})
		case "error":
			state.Refused++
			if code == "20" { // the counter does not exist yet
				ask("lin-kv", body{"type": "cas", "key": "counter", "from": 0, "to": 1, "create_if_not_exists": true})
				continue
			}
			ask("lin-kv", body{"type": "read", "key": "counter"})
		default:
			panic(in.Text())
		}
	}
}

// counters returns the cluster file of TestCounter.
func counters(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	rest := fmt.Sprintf("[network]\ndelay = \"1ms\"\n[program]\nkind = \"exec\"\ncommand = [%q]\nstate = \"snapshot\"\n", self) +
		"env = { CHILD = \"counter\", GORACE = \"atexit_sleep_ms=0\" }\n"
	return clustertest.File(rest, "n1", "n2", "n3", `lin-kv program = { kind = "lin-kv" }`, `lin-tso program = { kind = "lin-tso" }`)
}

// Three children add to one counter by compare-and-set while snapshots are taken. In
// each snapshot the counter is the sum of what the children have added and of the cas_ok
// in flight. For a child that waits for a reply, the reply or its request is in flight.
func TestCounter(t *testing.T) {
	const snapshots = 40 // or more, until cas and cas_ok have been in flight
	c := clustertest.New(t, counters(t), clustertest.Options{Program: New})
	c.Start()
	c.Up()
	for _, id := range []snapshot.ProcessID{"n1", "n2", "n3"} {
		if reply := c.Call(id, `{"type":"start","msg_id":1}`); !strings.Contains(reply, "start_ok") {
			t.Fatalf("%s: got %s, want start_ok", id, reply)
		}
	}
	var last cut
	said := map[string]int{}
	for i := 0; i < snapshots || said["cas"] == 0 || said["cas_ok"] == 0; i++ {
		s := c.Complete(c.Config.IDs()[i%5])
		now, err := readCut(s)
		if err == nil {
			err = now.check(last)
		}
		if err != nil {
			t.Fatalf("snapshot %d: %v\n%s", i, err, s)
		}
		last = now
		for kind, n := range now.said {
			said[kind] += n
		}
	}
	t.Logf("counted to %d, %d times refused; in flight %v", last.counter, last.refused, said)
	if last.counter < 10 || last.refused == 0 {
		t.Errorf("got counter %d, %d refused, want 10 or more, 1 or more", last.counter, last.refused)
	}
	// A request that children pass on is answered to the client.
	for text, id := range map[string]snapshot.ProcessID{
		`{"type":"pass on","msg_id":"a"}`:            "n1",
		`{"type":"pass on","msg_id":"a","via":"n3"}`: "n2",
	} {
		reply := c.Call(id, text)
		if !strings.HasPrefix(reply, `{"type":"read_ok","value":`) || !strings.HasSuffix(reply, `,"in_reply_to":"a"}`) {
			t.Errorf("%s: got %s, want a read_ok in reply to \"a\"", text, reply)
		}
	}
	if strings.Contains(c.Log.String(), "dropped") {
		t.Error("got a dropped message in the log, want none")
	}
}

// cut is what a snapshot of TestCounter contains.
type cut struct {
	counter, stamps int                     // of the services
	children        map[string]counterState // by process
	refused         int                     // of all children together
	onWay           map[string]int          // requests and replies of each child
	said            map[string]int          // types of messages in flight
}

// counterMessage is a message in flight.
type counterMessage struct {
	Src, Dest string
	Body      struct {
		Type     string
		From, To int
	}
}

func readCut(s *clustertest.Snapshot) (c cut, err error) {
	c = cut{children: map[string]counterState{}, onWay: map[string]int{}, said: map[string]int{}}
	for _, p := range s.Processes {
		switch p.ID {
		case "lin-kv":
			state := clustertest.JSON[struct{ Entries []struct{ Value int } }](p.State.Bytes)
			if len(state.Entries) > 0 {
				c.counter = state.Entries[0].Value
			}
		case "lin-tso":
			c.stamps = clustertest.JSON[struct{ Next int }](p.State.Bytes).Next
		default:
			state := clustertest.JSON[counterState](p.State.Bytes)
			c.children[string(p.ID)] = state
			c.refused += state.Refused
		}
	}
	for _, channel := range s.Channels {
		from, to := string(channel.Channel.From), string(channel.Channel.To)
		for _, payload := range clustertest.Payloads(channel) {
			p := clustertest.JSON[counterMessage](payload)
			if p.Src != from || p.Dest != to {
				return c, fmt.Errorf("%s->%s: got a message from %s to %s", from, to, p.Src, p.Dest)
			}
			if p.Body.Type == "cas" && (p.Body.From > c.counter || p.Body.To != p.Body.From+1) {
				return c, fmt.Errorf("got a cas from %d to %d, want one from at most %d, the counter, to one more", p.Body.From, p.Body.To, c.counter)
			}
			child := from
			if strings.HasPrefix(child, "lin-") {
				child = to
			}
			c.onWay[child]++
			c.said[p.Body.Type]++
		}
	}
	return c, nil
}

// check compares the states with each other and with those of the snapshot before.
func (c cut) check(before cut) error {
	added, stamps := 0, 0
	for id, child := range c.children {
		added += child.Added
		stamps += child.Stamps
		want := 0
		if child.Waits {
			want = 1
		}
		if c.onWay[id] != want {
			return fmt.Errorf("%s: got %d requests and replies in flight, want %d", id, c.onWay[id], want)
		}
	}
	switch {
	case len(c.children) != 3:
		return fmt.Errorf("got %d children, want 3", len(c.children))
	case c.counter != added+c.said["cas_ok"]:
		return fmt.Errorf("got counter %d, want %d added and %d cas_ok in flight", c.counter, added, c.said["cas_ok"])
	case c.stamps != stamps+c.said["ts_ok"]:
		return fmt.Errorf("got %d timestamps, want %d received and %d ts_ok in flight", c.stamps, stamps, c.said["ts_ok"])
	case c.counter < before.counter || c.stamps < before.stamps:
		return fmt.Errorf("got counter %d, %d timestamps, want at least those before, %d, %d", c.counter, c.stamps, before.counter, before.stamps)
	}
	return nil
}
