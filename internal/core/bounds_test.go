package core

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// A channel keeps its last 16 resets, however often a peer restarts.
func TestResetsAreBounded(t *testing.T) {
	var all []snapshot.Reset
	for n := range 40 {
		all = appendReset(all, snapshot.Reset{Discarded: uint64(n)})
	}
	if len(all) != 16 || all[0].Discarded != 24 || all[15].Discarded != 39 {
		t.Errorf("got the resets %+v after 40, want the last 16", all)
	}
}

// When a part becomes larger than PartMax, a failed piece is sent instead of the section
// that is too much.
func TestPartIsBounded(t *testing.T) {
	for _, before := range []int{PartMax - 1<<10, PartMax} {
		c, _ := started(t)
		c.Step(1, []Event{Called{func() {
			piece := snapshot.Recorded{Process: "p1", Incarnation: c.Incarnation, State: snapshot.State{Bytes: []byte("7")}}
			c.epoch.sendPending(&pending{
				Start:  snapshot.Start{ID: "s", Assembler: "p2", Deadline: time.Minute},
				pieces: []snapshot.Piece{piece}, bytes: before,
			})
		}}})
		var sent []byte
		for _, s := range c.epoch.uplinks["p2"].shipments {
			for _, f := range s.frames {
				sent = append(sent, slices.Concat(f.(wire.Chunk).Bytes...)...)
			}
		}
		if failed := bytes.Contains(sent, []byte(snapshot.PartTooLarge)); failed != (before == PartMax) {
			t.Errorf("section of a few bytes after %d: got %q, want a failed piece: %v", before, sent, before == PartMax)
		}
	}
}
