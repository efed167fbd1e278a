package netnode_test

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// linkTo is the status of p1's outgoing link to another process.
func (c *cluster) linkTo(ctx context.Context, to snapshot.ProcessID) wire.OutgoingStatus {
	c.t.Helper()
	client := c.client(ctx, "p1")
	defer client.Close()
	status, err := client.Status(ctx)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, o := range status.Outgoing {
		if o.To == to {
			return o
		}
	}
	c.t.Fatalf("no link to %s", to)
	return wire.OutgoingStatus{}
}

// A connection on which nothing comes any more is found within five seconds, and
// the channel goes on over a new one.
func TestVirtualHalfOpen(t *testing.T) {
	virtual(t, bankFile(2, "transfers_per_second = 20\n"), func(t *testing.T, network *memNetwork, c *cluster) {
		c.startAll()
		c.waitUp(t.Context())
		time.Sleep(10 * time.Second) // idle links stay up
		if l := c.linkTo(t.Context(), "p2"); !l.Up || l.Reconnects != 0 {
			t.Fatalf("after ten quiet seconds: %+v", l)
		}
		network.swallow("127.0.0.1:7101", "127.0.0.1:7102")
		time.Sleep(5 * time.Second)
		synctest.Wait()
		l := c.linkTo(t.Context(), "p2")
		if !l.Up || l.Reconnects != 1 || l.Resent == 0 {
			t.Errorf("after five silent seconds: %+v", l)
		}
		if s, err := c.snapshot(t.Context(), time.Second, "p1"); err != nil || s.Status != "complete" || s.sum() != 2000 {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

// dialAs says hello to p1 as a node of p2 with an incarnation of its own, answers
// pings, and returns what p1 answered at last.
func dialAs(t *testing.T, network *memNetwork, c *cluster, incarnation snapshot.Incarnation) (net.Conn, wire.Frame) {
	t.Helper()
	socket, err := network.from("127.0.0.1:9999").Dial(t.Context(), "127.0.0.1:7101")
	if err != nil {
		t.Fatal(err)
	}
	hello := wire.Hello{
		Role: wire.RoleChannel, VersionMin: 1, VersionMax: 1, Cluster: "test", Epoch: 1, ConfigHash: c.config.Hash(),
		From: "p2", To: "p1", Incarnation: incarnation,
	}
	socket.Write(wire.Append(nil, hello))
	reader := wire.NewReader(socket, wire.AnswerMax)
	for {
		f, err := reader.Read()
		if err != nil {
			t.Fatal(err)
		}
		if ping, ok := f.(wire.Ping); ok {
			socket.Write(wire.Append(nil, wire.Pong(ping)))
			continue
		}
		return socket, f
	}
}

// A second node that runs as the same process is refused as long as the first one
// lives; when that one does not answer, it takes over, and then the first is the
// one that is refused.
func TestVirtualTakeover(t *testing.T) {
	virtual(t, bankFile(2, "transfers_per_second = 0\n"), func(t *testing.T, network *memNetwork, c *cluster) {
		c.start("p1")
		first, f := dialAs(t, network, c, "first")
		if _, ok := f.(wire.Welcome); !ok {
			t.Fatalf("the first node got %v", f)
		}
		go func() { // the first node lives: it answers
			r := wire.NewReader(first, wire.FrameMax)
			for {
				f, err := r.Read()
				if err != nil {
					return
				}
				if ping, ok := f.(wire.Ping); ok {
					first.Write(wire.Append(nil, wire.Pong(ping)))
				}
			}
		}()
		_, f = dialAs(t, network, c, "second")
		if refuse, ok := f.(wire.Refuse); !ok || refuse.Code != wire.AlreadyConnected {
			t.Fatalf("a second living node got %v", f)
		}
		first.Close()
		synctest.Wait()
		if _, f = dialAs(t, network, c, "second"); f.Type() != wire.TypeWelcome {
			t.Fatalf("after the first had gone, the second got %v", f)
		}
		_, f = dialAs(t, network, c, "first")
		if refuse, ok := f.(wire.Refuse); !ok || refuse.Code != wire.OldIncarnation {
			t.Fatalf("the first, come back, got %v", f)
		}
		// The second hangs: it holds the connection but does not answer.
		begun := time.Now()
		if _, f = dialAs(t, network, c, "third"); f.Type() != wire.TypeWelcome || time.Since(begun) != time.Second {
			t.Fatalf("with a second that hangs, the third got %v after %v", f, time.Since(begun))
		}
	})
}
