package bundled

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/config"
	"chandy/internal/verify"
	"chandy/netnode"
	"chandy/snapshot"
)

// The child of the test is this test program itself, if $CHILD says so.
func TestMain(m *testing.M) {
	if os.Getenv("CHILD") == "counter" {
		counter()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// counterState is what the children of TestCounter know.
type counterState struct {
	Added   int  `json:"added"`   // cas_ok received
	Refused int  `json:"refused"` // errors received
	Waits   bool `json:"waits"`   // for a reply of lin-kv
	Stamps  int  `json:"stamps"`  // of lin-tso received
}

// counter adds to a counter in lin-kv, again and again, and before each time gets a
// timestamp. Clients can have it pass on a request.
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
			if code == "20" { // the first time
				ask("lin-kv", body{"type": "cas", "key": "counter", "from": 0, "to": 1, "create_if_not_exists": true})
				continue
			}
			ask("lin-kv", body{"type": "read", "key": "counter"})
		default:
			panic(in.Text())
		}
	}
}

// counters is the cluster of TestCounter, over loopback.
func counters(t *testing.T) *config.Cluster {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("name = \"counters\"\n[network]\ndelay = \"1ms\"\n[program]\nkind = \"exec\"\ncommand = [%q]\nstate = \"snapshot\"\n", self) +
		"env = { CHILD = \"counter\", GORACE = \"atexit_sleep_ms=0\" }\n"
	for i, id := range []string{"n1", "n2", "n3", "lin-kv", "lin-tso"} {
		text += fmt.Sprintf("[[process]]\nid = %q\naddress = \"127.0.0.1:%d\"\n", id, 7101+i)
		if strings.HasPrefix(id, "lin-") {
			text += fmt.Sprintf("program = { kind = %q }\n", id)
		}
	}
	cluster, err := config.Parse(t.TempDir()+"/cluster.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return cluster
}

// Three children add to one counter by compare-and-set while snapshots are taken. In
// each of them the counter is what all children together have added and what they are
// about to hear that they have; and who waits for a reply, it or its request is on the
// way.
func TestCounter(t *testing.T) {
	const snapshots = 40 // more, if they saw too little
	cluster := counters(t)
	network := &netnode.Loopback{}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	running, end := context.WithCancel(ctx)
	var nodes sync.WaitGroup
	defer nodes.Wait()
	defer end()
	var log lockedBuffer
	for _, p := range cluster.Processes {
		made, err := New(cluster, p)
		if err != nil {
			t.Fatal(err)
		}
		n, err := netnode.New(netnode.Options{Cluster: cluster, ID: p.ID, Program: made, Network: network, Log: zerolog.New(&log)})
		if err != nil {
			t.Fatal(err)
		}
		nodes.Go(func() {
			if err := n.Run(running); err != nil {
				t.Errorf("%s: %v", p.ID, err)
				cancel()
			}
		})
	}
	clients := map[snapshot.ProcessID]*netnode.Client{}
	for _, id := range cluster.IDs() {
		client, err := netnode.DialClient(ctx, cluster, id, network)
		if err != nil {
			t.Fatalf("%s: %v\n%s", id, err, &log)
		}
		defer client.Close()
		if err := client.AwaitUp(ctx); err != nil {
			t.Fatalf("%s: %v\n%s", id, err, &log)
		}
		clients[id] = client
	}
	for _, id := range []snapshot.ProcessID{"n1", "n2", "n3"} {
		if reply, err := clients[id].Call(ctx, json.RawMessage(`{"type":"start","msg_id":1}`)); err != nil || !strings.Contains(string(reply), "start_ok") {
			t.Fatalf("%s: %s, %v", id, reply, err)
		}
	}
	var last cut
	said := map[string]int{}
	for i := 0; i < snapshots || said["cas"] == 0 || said["cas_ok"] == 0; i++ {
		var text bytes.Buffer
		if _, err := clients[cluster.IDs()[i%5]].Initiate(ctx, nil, time.Minute, false, &text, nil); err != nil {
			t.Fatalf("snapshot %d: %v\n%s", i, err, &log)
		}
		report, err := verify.Check(bytes.NewReader(text.Bytes()))
		if err != nil || !report.OK() {
			t.Fatalf("snapshot %d: %v, %+v\n%s", i, err, report, &text)
		}
		now, err := readCut(text.Bytes())
		if err == nil {
			err = now.check(last)
		}
		if err != nil {
			t.Fatalf("snapshot %d: %v\n%s", i, err, &text)
		}
		last = now
		for kind, n := range now.said {
			said[kind] += n
		}
	}
	t.Logf("counted to %d, %d times refused; in flight %v", last.counter, last.refused, said)
	if last.counter < 10 || last.refused == 0 {
		t.Errorf("hardly anything happened\n%s", &log)
	}
	// A request that children pass on is answered to the client.
	for text, id := range map[string]snapshot.ProcessID{
		`{"type":"pass on","msg_id":"a"}`:            "n1",
		`{"type":"pass on","msg_id":"a","via":"n3"}`: "n2",
	} {
		reply, err := clients[id].Call(ctx, json.RawMessage(text))
		if err != nil || !strings.HasPrefix(string(reply), `{"type":"read_ok","value":`) || !strings.HasSuffix(string(reply), `,"in_reply_to":"a"}`) {
			t.Errorf("%s: %s, %v", text, reply, err)
		}
	}
	if strings.Contains(log.String(), "dropped") {
		t.Errorf("%s", &log)
	}
}

// cut is what a snapshot of TestCounter says.
type cut struct {
	counter, stamps int                     // of the services
	children        map[string]counterState // by process
	refused         int                     // of all children together
	onWay           map[string]int          // requests and replies of each child
	said            map[string]int          // types of messages in flight
}

func readCut(text []byte) (c cut, err error) {
	var s struct {
		Processes map[string]struct {
			State json.RawMessage `json:"state"`
		} `json:"processes"`
		Channels []struct {
			From     string `json:"from"`
			To       string `json:"to"`
			Messages []struct {
				Payload struct {
					Src, Dest string
					Body      struct {
						Type     string
						From, To int
					}
				} `json:"payload"`
			} `json:"messages"`
		} `json:"channels"`
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return c, err
	}
	c = cut{children: map[string]counterState{}, onWay: map[string]int{}, said: map[string]int{}}
	for id, p := range s.Processes {
		var err error
		switch id {
		case "lin-kv":
			var state struct{ Entries []struct{ Value int } }
			if err = json.Unmarshal(p.State, &state); len(state.Entries) > 0 {
				c.counter = state.Entries[0].Value
			}
		case "lin-tso":
			var state struct{ Next int }
			err = json.Unmarshal(p.State, &state)
			c.stamps = state.Next
		default:
			var state counterState
			err = json.Unmarshal(p.State, &state)
			c.children[id] = state
			c.refused += state.Refused
		}
		if err != nil {
			return c, fmt.Errorf("state of %s: %s: %w", id, p.State, err)
		}
	}
	for _, channel := range s.Channels {
		for _, m := range channel.Messages {
			p := m.Payload
			if p.Src != channel.From || p.Dest != channel.To {
				return c, fmt.Errorf("from %s to %s on the channel from %s to %s", p.Src, p.Dest, channel.From, channel.To)
			}
			if p.Body.Type == "cas" && (p.Body.From > c.counter || p.Body.To != p.Body.From+1) {
				return c, fmt.Errorf("a cas from %d to %d, but the counter is %d", p.Body.From, p.Body.To, c.counter)
			}
			child := channel.From
			if strings.HasPrefix(child, "lin-") {
				child = channel.To
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
			return fmt.Errorf("%s waits: %v, and %d messages of its are on the way", id, child.Waits, c.onWay[id])
		}
	}
	switch {
	case len(c.children) != 3:
		return errors.New("children are missing")
	case c.counter != added+c.said["cas_ok"]:
		return fmt.Errorf("the counter is %d, the children have added %d, and %d cas_ok are on the way", c.counter, added, c.said["cas_ok"])
	case c.stamps != stamps+c.said["ts_ok"]:
		return fmt.Errorf("%d timestamps were given, the children have %d, and %d ts_ok are on the way", c.stamps, stamps, c.said["ts_ok"])
	case c.counter < before.counter || c.stamps < before.stamps:
		return errors.New("the time goes backwards")
	}
	return nil
}

// lockedBuffer is a log of many nodes.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(line)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
