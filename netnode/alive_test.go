package netnode_test

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"chandy/internal/clustertest"
	"chandy/snapshot"
	"chandy/wire"
)

// dialAs says hello to p1 as a node of p2 with the given incarnation, answers pings, and
// returns the first other frame of p1.
func dialAs(t *testing.T, c *clustertest.Cluster, incarnation snapshot.Incarnation) (net.Conn, wire.Frame) {
	t.Helper()
	socket, err := c.Network("127.0.0.1:9999").Dial(t.Context(), c.Address("p1"))
	if err != nil {
		t.Fatal(err)
	}
	hello := wire.Hello{
		Role: wire.RoleChannel, VersionMin: 1, VersionMax: 1, Cluster: "test", Epoch: 1, ConfigHash: c.Config.Hash(),
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

// A second node that runs as the same process is refused while the first one lives. It
// takes over when the first one does not answer, and from then on the first one is
// refused.
func TestVirtualTakeover(t *testing.T) {
	clustertest.Virtual(t, bankFile(2, "transfers_per_second = 0\n"), banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start("p1")
		first, f := dialAs(t, c, "first")
		if _, ok := f.(wire.Welcome); !ok {
			t.Fatalf("the first node: got %v, want a welcome", f)
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
		_, f = dialAs(t, c, "second")
		if refuse, ok := f.(wire.Refuse); !ok || refuse.Code != wire.AlreadyConnected {
			t.Fatalf("a second living node: got %v, want a refusal (%s)", f, wire.AlreadyConnected)
		}
		first.Close()
		synctest.Wait()
		if _, f = dialAs(t, c, "second"); f.Type() != wire.TypeWelcome {
			t.Fatalf("the second node, after the first had gone: got %v, want a welcome", f)
		}
		_, f = dialAs(t, c, "first")
		if refuse, ok := f.(wire.Refuse); !ok || refuse.Code != wire.OldIncarnation {
			t.Fatalf("the first node, come back: got %v, want a refusal (%s)", f, wire.OldIncarnation)
		}
		// The second hangs: it holds the connection but does not answer.
		begun := time.Now()
		if _, f = dialAs(t, c, "third"); f.Type() != wire.TypeWelcome || time.Since(begun) != time.Second {
			t.Fatalf("the third node, while the second hangs: got %v after %v, want a welcome after 1s", f, time.Since(begun))
		}
	})
}

// A connection that is about to take over may send no frame that is longer than a hello.
// Once it has taken over, it may.
func TestVirtualTakeoverReadsLittle(t *testing.T) {
	clustertest.Virtual(t, bankFile(2, "transfers_per_second = 0\n"), banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start("p1")
		dialAs(t, c, "first") // and answers no ping
		long := snapshot.Batch{First: 1}
		long.Append(make([]byte, wire.HelloMax))
		data := wire.Append(nil, wire.Data{Batch: long})

		socket, err := c.Network("stranger").Dial(t.Context(), c.Address("p1"))
		if err != nil {
			t.Fatal(err)
		}
		socket.Write(wire.Append(nil, wire.Hello{
			Role: wire.RoleChannel, VersionMin: 1, VersionMax: 1, Cluster: "test", Epoch: 1, ConfigHash: c.Config.Hash(),
			From: "p2", To: "p1", Incarnation: "second",
		}))
		begun := time.Now()
		go socket.Write(data[:wire.HeaderSize]) // the length alone must end the connection
		for b := make([]byte, 1<<10); err == nil; _, err = socket.Read(b) {
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("a long frame before the welcome: got %v after %v, want the end at once", err, took)
		}

		third, f := dialAs(t, c, "third")
		if f.Type() != wire.TypeWelcome {
			t.Fatalf("the third node: got %v, want a welcome", f)
		}
		if _, err := third.Write(data); err != nil {
			t.Errorf("a long frame after the welcome: got %v, want it read", err)
		}
		reader := wire.NewReader(third, wire.FrameMax)
		for f, err = reader.Read(); err == nil && f.Type() == wire.TypePing; f, err = reader.Read() {
		}
		if err != nil || f.Type() != wire.TypeAck {
			t.Errorf("after a long frame: got %v, %v, want an ack", f, err)
		}
	})
}
