package sim

import (
	"fmt"
	"time"

	"chandy/internal/core"
	"chandy/internal/saved"
	"chandy/internal/store"
	"chandy/snapshot"
)

// goBack lets every process go back to a saved snapshot, each at a time of its own, as if
// they had agreed. Then it takes snapshots, which must be complete.
func (r *runner) goBack(id snapshot.ID) error {
	s := store.New(r.store.Open(nil), r.cluster.Name)
	m, _, err := s.Manifest(id)
	if err != nil {
		return err
	}
	r.tell("back to %s", id)
	var listed []saved.Node
	for _, p := range m.Processes {
		listed = append(listed, saved.Node{Process: p.ID, Incarnation: r.nodes[p.ID].core.Incarnation})
	}
	held := r.random.IntN(2) == 0
	for _, p := range r.cluster.Processes {
		part, _, err := readPart(s, m, p.ID)
		if err != nil {
			return err
		}
		fresh, err := r.nodes[p.ID].program(p)
		if err != nil {
			return err
		}
		fresh.Restore(part.State.Bytes, func(e error) { err = e })
		if err != nil {
			return fmt.Errorf("restore %s: %w", p.ID, err)
		}
		begin := core.Begin{Epoch: 2, Program: fresh, Snapshot: id, Base: &core.Base{Part: part}, Listed: listed, Held: held}
		r.after(time.Duration(r.random.IntN(100))*time.Millisecond, func() { r.nodes[p.ID].happened(begin) })
	}
	r.result.Restores++
	r.world.run(r.now + 5*time.Second) // until all channels are up again
	r.taken = nil
	if held {
		if err := r.heldEqualsRestored(m); err != nil {
			return err
		}
		for _, p := range r.cluster.Processes {
			n := r.nodes[p.ID]
			r.after(time.Duration(r.random.IntN(100))*time.Millisecond, func() { n.happened(core.Called{F: n.core.Release}) })
		}
	}
	r.taken = nil
	for range 1 + r.random.IntN(3) {
		r.askAnybody(time.Duration(r.random.IntN(500)) * time.Millisecond)
	}
	r.world.run(r.now + 500*time.Millisecond)
	return r.finish(true)
}

// heldEqualsRestored takes a snapshot of the cluster that has gone back and is held. It has
// the same states, counts and messages as the saved one.
func (r *runner) heldEqualsRestored(m *saved.Manifest) error {
	r.askAnybody(0)
	r.world.run(r.now + time.Second)
	if err := r.finish(true); err != nil {
		return fmt.Errorf("held: %w", err)
	}
	g, err := snapshot.Decode(r.taken[0].text)
	if err != nil {
		return err
	}
	s := store.New(r.store.Open(nil), r.cluster.Name)
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
