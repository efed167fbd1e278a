package examples_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"reflect"
	"slices"
)

// taken is a snapshot of children.
type taken struct {
	Processes map[string]part `json:"processes"`
	Channels  []*channel      `json:"channels"`
	text      []byte
}

type part struct {
	State      json.RawMessage `json:"state"`
	StateError string          `json:"state_error"`
}

type channel struct {
	From     string    `json:"from"`
	To       string    `json:"to"`
	Messages []message `json:"messages"`
}

type message struct {
	Payload json.RawMessage `json:"payload"`
}

func (s *taken) inFlight() (n int) {
	for _, c := range s.Channels {
		n += len(c.Messages)
	}
	return n
}

// states are those of all processes.
func states[T any](s *taken) map[string]T {
	all := map[string]T{}
	for id, p := range s.Processes {
		all[id] = decoded[T](p.State)
	}
	return all
}

// bodies are those of the messages of a channel.
func bodies[T any](c *channel) (all []T) {
	for _, m := range c.Messages {
		all = append(all, decoded[struct{ Body T }](m.Payload).Body)
	}
	return all
}

func decoded[T any](text []byte) (v T) {
	if err := json.Unmarshal(text, &v); err != nil {
		panic(fmt.Sprintf("%v: %s", err, text))
	}
	return v
}

// revive gives the state of each process to a fresh child, and then the messages
// that are in flight to it. What is true of every snapshot is true of theirs.
func (r *run) revive(s *taken) {
	r.t.Helper()
	next := &taken{Processes: map[string]part{}}
	for _, c := range s.Channels {
		next.Channels = append(next.Channels, &channel{From: c.From, To: c.To})
	}
	for _, id := range r.ids {
		r.reviveOne(s, id, next)
	}
	if faults := r.faults(next, r.calls); len(faults) > 0 {
		then, _ := json.Marshal(next)
		r.t.Fatalf("restored: %v\nfrom %s\nto %s", faults, s.text, then)
	}
}

// The requests to a fresh child.
const (
	initID = 1 + iota
	restoreID
	topologyID
	beforeID // a snapshot
	afterID  // another one, after what is in flight
)

func (r *run) reviveOne(s *taken, id string, next *taken) {
	r.t.Helper()
	var in bytes.Buffer
	ask := func(msgID int, kind, more string) {
		fmt.Fprintf(&in, `{"src":"c0","dest":%q,"body":{"type":%q,"msg_id":%d%s}}`+"\n", id, kind, msgID, more)
	}
	ids, _ := json.Marshal(r.ids)
	ask(initID, "init", fmt.Sprintf(`,"node_id":%q,"node_ids":%s,"restoring":true`, id, ids))
	ask(restoreID, "restore", fmt.Sprintf(`,"state":%s`, s.Processes[id].State))
	topology, _ := json.Marshal(s.neighbours())
	ask(topologyID, "topology", fmt.Sprintf(`,"topology":%s`, topology))
	ask(beforeID, "snapshot", "")
	for _, c := range s.Channels {
		for _, m := range c.Messages {
			if c.To == id {
				in.Write(m.Payload)
				in.WriteByte('\n')
			}
		}
	}
	ask(afterID, "snapshot", "")

	c := exec.CommandContext(r.ctx, r.command[0], r.command[1:]...)
	c.Dir = r.dir
	c.Stdin = &in
	out, err := c.Output() // to the end of the input, which is its end
	if err != nil {
		r.t.Fatalf("%v: %v", c, err)
	}
	replied, quiet := 0, true
	for line := range bytes.Lines(out) {
		m := decoded[struct {
			Dest string
			Body struct {
				InReplyTo int `json:"in_reply_to"`
				State     json.RawMessage
			}
		}](line)
		if m.Dest == "c0" {
			replied = m.Body.InReplyTo
		}
		switch {
		case replied < restoreID: // dropped
		case m.Dest == "c0" && replied == beforeID:
			if was := s.Processes[id].State; quiet && !reflect.DeepEqual(decoded[any](m.Body.State), decoded[any](was)) {
				r.t.Errorf("%s: restored from %s, it is %s", id, was, m.Body.State)
			}
		case m.Dest == "c0" && replied == afterID:
			next.Processes[id] = part{State: m.Body.State}
			return
		case m.Dest != "c0":
			quiet = false // a timer, perhaps
			i := slices.IndexFunc(next.Channels, func(c *channel) bool { return c.From == id && c.To == m.Dest })
			if i >= 0 { // and no client
				next.Channels[i].Messages = append(next.Channels[i].Messages, message{line})
			}
		}
	}
	r.t.Fatalf("%v has not answered to the end:\n%s", c, out)
}

// neighbours are the processes to which there is a channel from each, itself left out.
func (s *taken) neighbours() map[string][]string {
	all := map[string][]string{}
	for _, c := range s.Channels {
		if c.From != c.To {
			all[c.From] = append(all[c.From], c.To)
		}
	}
	return all
}
