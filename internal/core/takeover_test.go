package core

import (
	"testing"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// A connection that took over is used like any other. Frames in the same batch as the
// answer that admitted it arrive, and the deadline for that answer ends nothing.
func TestTakeoverStays(t *testing.T) {
	c := newCores(t)[0]
	c.Step(0, []Event{begun()})
	hello := func(incarnation snapshot.Incarnation) wire.Hello {
		return wire.Hello{
			VersionMin: wire.Version, VersionMax: wire.Version, Role: wire.RoleChannel, Cluster: c.Cluster.Name, Epoch: 1,
			ConfigHash: c.hash, From: "p2", To: "p1", Incarnation: incarnation,
		}
	}
	c.Step(1, []Event{Accepted{Conn: -1, Hello: hello("a")}})
	c.Step(2, []Event{Closed{Conn: -1}})
	c.Step(3, []Event{Accepted{Conn: -2, Hello: hello("b")}})
	if _, deciding := c.conns[-2].handler.(*takeover); !deciding {
		t.Fatalf("got the handler %T, want a takeover", c.conns[-2].handler)
	}
	batch := snapshot.Batch{First: 1}
	batch.Append([]byte("m"))
	c.Step(4, []Event{Arrived{-2, []wire.Frame{wire.Pong{}, wire.Data{Batch: batch}}}})
	if got := c.epoch.in[0].receiver.Arrived(); got != 1 {
		t.Errorf("got %d messages that arrived behind the answer, want 1", got)
	}
	for now := time.Second; now < 2*HelloTimeout; now += time.Second {
		c.Step(now, []Event{Arrived{-2, []wire.Frame{wire.Pong{}}}})
	}
	if got := c.epoch.in[0].conn; got != -2 {
		t.Errorf("got connection %d (%v), want -2", got, c.epoch.in[0].stats.lastErr)
	}
}
