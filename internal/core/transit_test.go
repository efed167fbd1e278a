package core

import (
	"strings"
	"testing"
	"time"

	"chandy/internal/config"
	"chandy/snapshot"
	"chandy/wire"
)

// Messages on their emulated way are bounded by the window, and count as memory.
func TestTransitIsBounded(t *testing.T) {
	cluster := mesh(t, 2, config.Definition{Network: config.Network{Delay: time.Minute, Window: 64 << 10}})
	c := newCore(cluster, "p1")
	c.Step(0, []Event{Begin{Epoch: 1, Program: &stub{}}, fromP2(c, -1, wire.RoleChannel, "i")})
	const size = 1000
	for n := 1; n <= 64<<10/size+1; n++ {
		batch := snapshot.Batch{First: uint64(n)}
		batch.Append(make([]byte, size-2))
		if refused := written[wire.Refuse](c.Step(1, []Event{Arrived{-1, []wire.Frame{wire.Data{Batch: batch}}}}), -1); len(refused) > 0 {
			t.Fatalf("message %d: got %v, want none within the window", n, refused)
		}
		if got, want := c.status().Memory.Inboxes, n*size; got != want {
			t.Fatalf("message %d: got %d bytes of inboxes, want %d", n, got, want)
		}
	}
	late := wire.Data{Batch: snapshot.Batch{First: 67, Count: 1, Body: []byte{0}}}
	refused := written[wire.Refuse](c.Step(1, []Event{Arrived{-1, []wire.Frame{late}}}), -1)
	if len(refused) != 1 || !strings.Contains(refused[0].Text, "beyond the window") {
		t.Errorf("a message that begins beyond the window: got %v, want a refusal", refused)
	}
	if got := c.status().Memory.Inboxes; got != 0 {
		t.Errorf("after the connection has ended: got %d bytes of inboxes, want 0", got)
	}
}
