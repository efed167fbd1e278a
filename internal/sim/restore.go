package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"chandy/internal/saved"
	"chandy/snapshot"
	"chandy/wire"
)

// goBack lets a client restore a saved snapshot. Then it takes snapshots, which must be
// complete.
func (r *runner) goBack(id snapshot.ID) error {
	m, sha256, err := r.reader().Manifest(id)
	if err != nil {
		return err
	}
	r.tell("back to %s", id)
	held := r.random.IntN(2) == 0
	reply := r.ask(r.anybody(), wire.RestoreRequest{Snapshot: id, Manifest: sha256, Hold: held})
	if err := r.settle(held, reply); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if reply.refused != "" {
		return fmt.Errorf("restore: got a refusal: %s", reply.refused)
	}
	r.result.Restores++
	if held {
		if err := r.heldEqualsRestored(m); err != nil {
			return err
		}
		if err := r.settle(false); err != nil {
			return fmt.Errorf("resume: %w", err)
		}
	}
	r.taken = nil
	for range 1 + r.random.IntN(3) {
		r.askAnybody(time.Duration(r.random.IntN(500)) * time.Millisecond)
	}
	r.world.run(r.now + 500*time.Millisecond)
	return r.finish(true)
}

// settleWithin is how long a cluster without new faults may take until it settles: a minute
// until the votes on a recovery are too late, and another recovery.
const settleWithin = 150 * time.Second

// settle waits until every process is in the newest epoch of the store, and its channels are
// up. The clients must have their replies. Unless held is set, an epoch that is held is
// resumed.
func (r *runner) settle(held bool, replies ...*asked) error {
	for begun := r.now; ; {
		r.world.run(r.now + 100*time.Millisecond)
		why, err := r.unsettled(held, replies)
		if err != nil || why == "" {
			return err
		}
		if r.now > begun+settleWithin {
			return fmt.Errorf("%v later: %s", settleWithin, why)
		}
	}
}

// unsettled returns what settle waits for, or an empty text.
func (r *runner) unsettled(held bool, replies []*asked) (string, error) {
	if r.world.err != nil {
		return "", r.world.err
	}
	for _, one := range replies {
		if !one.ended {
			return fmt.Sprintf("got no reply of %s to %s", one.at, one.request.Body), nil
		}
	}
	newest, err := r.newest()
	if err != nil {
		return "", err
	}
	for _, p := range r.cluster.Processes {
		n := r.nodes[p.ID]
		if n.err != nil {
			return "", fmt.Errorf("%s ended: %w", p.ID, n.err)
		}
		if n.down {
			return fmt.Sprintf("%s is down", p.ID), nil
		}
		s := n.status()
		if s.Epoch != newest.Epoch() || s.Base != "" && s.Base != newest.Base() { // without a base: it started again
			return fmt.Sprintf("%s is in epoch %d from base %q, the store in epoch %d from %q", p.ID, s.Epoch, s.Base, newest.Epoch(), newest.Base()), nil
		}
		for _, o := range s.Outgoing {
			if !o.Up {
				return fmt.Sprintf("the channel %s->%s is down: %s", p.ID, o.To, o.Error), nil
			}
		}
		if s.Held != held {
			if !held && r.now > r.resumed+time.Second {
				r.resumed = r.now
				r.resume(p.ID)
			}
			return fmt.Sprintf("%s is held: %v", p.ID, s.Held), nil
		}
	}
	return "", nil
}

// newest returns what the store says about the epoch.
func (r *runner) newest() (saved.Reading, error) {
	reading, err := r.reader().Reading()
	var absent interface{ Absent() bool }
	if errors.As(err, &absent) && absent.Absent() {
		return saved.Reading{Decided: 1}, nil
	}
	return reading, err
}

// status asks a node for its status between two of its steps.
func (n *node) status() (s wire.ProcessStatus) {
	for _, f := range n.askNow(wire.StatusRequest{}) {
		if f.Kind == wire.KindData {
			if err := json.Unmarshal(f.Body, &s); err != nil {
				panic("bug: " + err.Error())
			}
		}
	}
	return s
}

// heldEqualsRestored takes a snapshot of the cluster that has gone back and is held. It has
// the same states, counts and messages as the saved one.
func (r *runner) heldEqualsRestored(m *saved.Manifest) error {
	r.taken = nil
	r.askAnybody(0)
	r.world.run(r.now + time.Second)
	if err := r.finish(true); err != nil {
		return fmt.Errorf("held: %w", err)
	}
	g, err := snapshot.Decode(r.taken[0].text)
	if err != nil {
		return err
	}
	s := r.reader()
	var parts []*saved.Part
	for _, p := range g.Processes {
		part, _, err := readPart(s, m, p.ID)
		if err != nil {
			return err
		}
		if got, want := string(p.State.Bytes), string(part.State.Bytes); got != want {
			return fmt.Errorf("held: %s: got the state %s, want %s", p.ID, got, want)
		}
		parts = append(parts, part)
	}
	for i, c := range g.Channels {
		if want := m.Channels[i]; c.Sent != want.Sent || c.Received != want.Received {
			return fmt.Errorf("held: %s: got %d sent, %d received, want %d and %d", c.Channel, c.Sent, c.Received, want.Sent, want.Received)
		}
	}
	if err := sameChannels(g, parts); err != nil {
		return fmt.Errorf("held: %w", err)
	}
	return nil
}
