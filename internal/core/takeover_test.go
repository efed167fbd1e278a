package core

import (
	"testing"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// A connection that took over is used like any other: what came in one batch with the
// answer that let it in arrives, and the time that it had for the answer ends nothing.
func TestTakeoverStays(t *testing.T) {
	c := newCores(t)[0]
	c.Step(0, nil)
	hello := func(incarnation snapshot.Incarnation) wire.Hello {
		return wire.Hello{
			VersionMin: wire.Version, VersionMax: wire.Version, Role: wire.RoleChannel, Cluster: c.Cluster.Name, Epoch: epoch,
			ConfigHash: c.hash, From: "p2", To: "p1", Incarnation: incarnation,
		}
	}
	c.Step(1, []Event{Accepted{Conn: -1, Hello: hello("a")}})
	c.Step(2, []Event{Closed{Conn: -1}})
	c.Step(3, []Event{Accepted{Conn: -2, Hello: hello("b")}})
	if _, deciding := c.conns[-2].use.(*takeover); !deciding {
		t.Fatalf("%T", c.conns[-2].use)
	}
	batch := snapshot.Batch{First: 1}
	batch.Append([]byte("m"))
	c.Step(4, []Event{Arrived{-2, []wire.Frame{wire.Pong{}, wire.Data{Batch: batch}}}})
	if got := c.in[0].receiver.Arrived(); got != 1 {
		t.Errorf("%d messages arrived behind the answer", got)
	}
	for now := time.Second; now < 2*HelloTimeout; now += time.Second {
		c.Step(now, []Event{Arrived{-2, []wire.Frame{wire.Pong{}}}})
	}
	if c.in[0].conn != -2 {
		t.Errorf("the channel is down: %v", c.in[0].lastErr)
	}
}
