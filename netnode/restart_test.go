package netnode_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"chandy/netnode"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// withholding is a program that never gives its state.
type withholding struct {
	asked chan struct{}
}

func (*withholding) Start(program.Process)              {}
func (*withholding) Receive(snapshot.ProcessID, []byte) {}
func (w *withholding) Capture(func(program.State))      { close(w.asked) }
func (*withholding) Restore(_ []byte, done func(error)) { done(nil) }

// A process that restarts during a snapshot, on real sockets: the snapshot is
// partial and names it, everywhere; its channels begin again, and the survivors say
// what they threw away, in their status and in every later snapshot.
func TestRestartDuringSnapshot(t *testing.T) {
	for _, assembler := range []snapshot.ProcessID{"p1", "p2"} {
		t.Run("assembled by "+string(assembler), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			tcp := &netnode.Loopback{}
			c := newCluster(t, func(string) netnode.Network { return tcp }, bankFile(3, "transfers_per_second = 500\n"))
			c.start("p1")
			c.start("p2")
			w := &withholding{make(chan struct{})}
			c.host("p3", w)
			c.waitUp(ctx)
			begun := time.Now()
			result := make(chan *taken, 1)
			go func() {
				s, err := c.snapshot(ctx, patience, assembler)
				if err != nil {
					t.Error(err)
				}
				result <- s
			}()
			select {
			case <-w.asked:
			case <-ctx.Done():
				t.Fatal("p3 was not asked for its state")
			}
			c.stop("p3")
			for _, id := range []snapshot.ProcessID{"p1", "p2"} {
				for c.outgoing(ctx, id, "p3").Outbox.Messages == 0 { // it sends on
				}
			}
			c.start("p3")
			s := <-result
			if s == nil || s.Status != "partial" || time.Since(begun) > patience {
				t.Fatalf("%+v", s)
			}
			named := false
			for _, m := range s.Missing {
				named = named || m.Process == "p3" && m.Reason == string(snapshot.ProcessRestarted)
			}
			if _, there := s.Processes["p3"]; there || !named {
				t.Errorf("missing: %+v", s.Missing)
			}
			c.waitUp(ctx)
			for range 3 {
				c.checkResets(ctx, assembler)
			}
		})
	}
}

// outgoing is one end of a channel as the status of its sender has it.
func (c *cluster) outgoing(ctx context.Context, from, to snapshot.ProcessID) wire.OutgoingStatus {
	c.t.Helper()
	for _, o := range c.status(ctx, from).Outgoing {
		if o.To == to {
			return o
		}
	}
	c.t.Fatalf("no channel %s->%s", from, to)
	return wire.OutgoingStatus{}
}

// checkResets takes a snapshot after p3 restarted once, and compares what it says of
// that with the status of the survivors.
func (c *cluster) checkResets(ctx context.Context, at snapshot.ProcessID) {
	c.t.Helper()
	_, text, err := c.take(ctx, patience, at)
	if err != nil {
		c.t.Fatal(err)
	}
	var s struct {
		Status    string `json:"status"`
		Processes map[snapshot.ProcessID]struct {
			Incarnation snapshot.Incarnation `json:"incarnation"`
		} `json:"processes"`
		Channels []struct {
			From  snapshot.ProcessID `json:"from"`
			To    snapshot.ProcessID `json:"to"`
			Reset []struct {
				Process     snapshot.ProcessID   `json:"process"`
				Incarnation snapshot.Incarnation `json:"incarnation"`
				Discarded   uint64               `json:"discarded"`
				Unknown     bool                 `json:"unknown"`
			} `json:"reset"`
		} `json:"channels"`
	}
	if err := json.Unmarshal(text, &s); err != nil || s.Status != "complete" || len(s.Processes) != 3 {
		c.t.Fatalf("%v: %s", err, text)
	}
	for _, ch := range s.Channels {
		link := wire.LinkStatus{}
		switch {
		case ch.To == "p3":
			link = c.outgoing(ctx, ch.From, ch.To).LinkStatus
			if link.Discarded == 0 {
				c.t.Errorf("%s->p3: nothing was thrown away, but there was something in the outbox", ch.From)
			}
		case ch.From == "p3":
			for _, in := range c.status(ctx, ch.To).Incoming {
				if in.From == "p3" {
					link = in.LinkStatus
				}
			}
		default:
			if len(ch.Reset) > 0 {
				c.t.Errorf("%s->%s: reset %+v", ch.From, ch.To, ch.Reset)
			}
			continue
		}
		if link.Resets != 1 || len(ch.Reset) != 1 {
			c.t.Errorf("%s->%s: %d resets in the status, in the snapshot %+v", ch.From, ch.To, link.Resets, ch.Reset)
			continue
		}
		r := ch.Reset[0]
		if r.Process != "p3" || r.Incarnation != s.Processes["p3"].Incarnation || !r.Unknown || r.Discarded != link.Discarded {
			c.t.Errorf("%s->%s: reset %+v, in the status %d discarded", ch.From, ch.To, r, link.Discarded)
		}
	}
}
