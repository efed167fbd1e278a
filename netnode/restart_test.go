package netnode_test

import (
	"testing"

	"chandy/internal/clustertest"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// withholding is a program that never returns its state.
type withholding struct {
	clustertest.Idle
	asked chan struct{}
}

func (w *withholding) Capture(func(program.State)) { close(w.asked) }

// A snapshot during which a process restarts is partial at once, and names the process.
// The channels of that process begin again. The survivors report how much they discarded,
// in their status and in every later snapshot.
func TestRestartDuringSnapshot(t *testing.T) {
	for _, assembler := range []snapshot.ProcessID{"p1", "p2"} {
		t.Run("assembled by "+string(assembler), func(t *testing.T) {
			c := clustertest.New(t, bankFile(3, "transfers_per_second = 500\n"), banks)
			c.Start("p1", "p2")
			w := &withholding{asked: make(chan struct{})}
			c.Host("p3", w)
			c.Up()
			result := c.Begin(clustertest.Patience, assembler)
			clustertest.Await(c, w.asked)
			c.Stop("p3")
			for _, id := range []snapshot.ProcessID{"p1", "p2"} {
				for c.Outgoing(id, "p3").Outbox.Messages == 0 { // it sends on
				}
			}
			c.Start("p3")
			s := <-result
			if s == nil || s.Status() != "partial" {
				t.Fatalf("got %s, want partial before its time-out", s)
			}
			named := false
			for _, m := range s.Missing {
				named = named || m.Process == "p3" && m.Reason == snapshot.ProcessRestarted
			}
			if s.Process("p3") != nil || !named {
				t.Errorf("missing: got %+v, want p3: %s", s.Missing, snapshot.ProcessRestarted)
			}
			c.Up()
			for range 3 {
				checkResets(t, c, assembler)
			}
		})
	}
}

// checkResets takes a snapshot after p3 has restarted once, and compares the resets in it
// with the status of the survivors.
func checkResets(t *testing.T, c *clustertest.Cluster, at snapshot.ProcessID) {
	t.Helper()
	s := c.Complete(at)
	if len(s.Processes) != 3 {
		t.Fatalf("got %d processes, want 3: %s", len(s.Processes), s)
	}
	for _, ch := range s.Channels {
		from, to := ch.Channel.From, ch.Channel.To
		link := wire.LinkStatus{}
		switch {
		case to == "p3":
			link = c.Outgoing(from, to).LinkStatus
			if link.Discarded == 0 {
				t.Errorf("%s->p3: got nothing discarded, want the messages of the outbox", from)
			}
		case from == "p3":
			for _, in := range c.Status(to).Incoming {
				if in.From == "p3" {
					link = in.LinkStatus
				}
			}
		default:
			if len(ch.Resets) > 0 {
				t.Errorf("%s->%s: got resets %+v, want none", from, to, ch.Resets)
			}
			continue
		}
		if link.Resets != 1 || len(ch.Resets) != 1 {
			t.Errorf("%s->%s: got %d resets in the status and %+v in the snapshot, want one each", from, to, link.Resets, ch.Resets)
			continue
		}
		r := ch.Resets[0]
		if r.Process != "p3" || r.Incarnation != s.Process("p3").Incarnation || !r.Unknown || r.Discarded != link.Discarded {
			t.Errorf("%s->%s: got reset %+v, want p3, unknown, %d discarded as in the status", from, to, r, link.Discarded)
		}
	}
}
