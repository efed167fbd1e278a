package examples_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"reflect"
	"slices"

	"chandy/internal/clustertest"
	"chandy/snapshot"
)

// states returns the states of all processes.
func states[T any](s *clustertest.Snapshot) map[string]T {
	all := map[string]T{}
	for id, state := range clustertest.States[T](s) {
		all[string(id)] = state
	}
	return all
}

// bodies returns the bodies of the messages of a channel.
func bodies[T any](c snapshot.ChannelState) (all []T) {
	for _, payload := range clustertest.Payloads(c) {
		all = append(all, clustertest.JSON[struct{ Body T }](payload).Body)
	}
	return all
}

// revive restores a fresh child from the state of each process, and sends it the messages that
// are in flight to it. The states of these children must be as free of faults as a snapshot.
func (r *run) revive(s *clustertest.Snapshot) {
	r.t.Helper()
	next := &clustertest.Snapshot{Global: &snapshot.Global{}}
	for _, c := range s.Channels {
		next.Channels = append(next.Channels, snapshot.ChannelState{Channel: c.Channel})
	}
	for _, id := range r.ids {
		r.reviveOne(s, id, next)
	}
	if faults := r.child.faults(next, r.child.calls); len(faults) > 0 {
		r.t.Fatalf("restored: got faults %v, want none\nfrom %s\nto %+v", faults, s, next.Global)
	}
}

// The requests to a fresh child.
const (
	initID = 1 + iota
	restoreID
	topologyID
	beforeID // a snapshot
	afterID  // another one, after the messages in flight
)

func (r *run) reviveOne(s *clustertest.Snapshot, id string, next *clustertest.Snapshot) {
	r.t.Helper()
	was := s.Process(snapshot.ProcessID(id)).State.Bytes
	var in bytes.Buffer
	ask := func(msgID int, kind, more string) {
		fmt.Fprintf(&in, `{"src":"c0","dest":%q,"body":{"type":%q,"msg_id":%d%s}}`+"\n", id, kind, msgID, more)
	}
	ids, _ := json.Marshal(r.ids)
	ask(initID, "init", fmt.Sprintf(`,"node_id":%q,"node_ids":%s,"restoring":true`, id, ids))
	ask(restoreID, "restore", fmt.Sprintf(`,"state":%s`, was))
	topology, _ := json.Marshal(neighbours(s))
	ask(topologyID, "topology", fmt.Sprintf(`,"topology":%s`, topology))
	ask(beforeID, "snapshot", "")
	for _, c := range s.Channels {
		for _, payload := range clustertest.Payloads(c) {
			if string(c.Channel.To) == id {
				in.WriteString(payload + "\n")
			}
		}
	}
	ask(afterID, "snapshot", "")

	c := exec.CommandContext(r.ctx, r.child.command[0], r.child.command[1:]...)
	c.Dir = r.dir
	c.Stdin = &in
	out, err := c.Output() // the child exits at the end of its input
	if err != nil {
		r.t.Fatalf("%v: got %v, want success", c, err)
	}
	replied, quiet := 0, true
	for line := range bytes.Lines(out) {
		m := clustertest.JSON[struct {
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
			if quiet && !reflect.DeepEqual(clustertest.JSON[any](m.Body.State), clustertest.JSON[any](was)) {
				r.t.Errorf("%s restored: got state %s, want %s", id, m.Body.State, was)
			}
		case m.Dest == "c0" && replied == afterID:
			next.Processes = append(next.Processes, snapshot.ProcessState{ID: snapshot.ProcessID(id), State: snapshot.State{Bytes: m.Body.State}})
			return
		case m.Dest != "c0":
			quiet = false // a timer fired, perhaps
			i := slices.IndexFunc(next.Channels, func(c snapshot.ChannelState) bool { return c.Channel.String() == id+"->"+m.Dest })
			if i >= 0 { // not to a client
				b := snapshot.Batch{First: 1}
				b.Append(line)
				next.Channels[i].Messages = append(next.Channels[i].Messages, b)
			}
		}
	}
	r.t.Fatalf("%v: got no reply to the last request, want one:\n%s", c, out)
}

// neighbours returns the receivers of the outgoing channels of each process, without itself.
func neighbours(s *clustertest.Snapshot) map[snapshot.ProcessID][]snapshot.ProcessID {
	all := map[snapshot.ProcessID][]snapshot.ProcessID{}
	for _, c := range s.Channels {
		if from, to := c.Channel.From, c.Channel.To; from != to {
			all[from] = append(all[from], to)
		}
	}
	return all
}
