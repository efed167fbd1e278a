package netnode

import (
	"bytes"
	"io"
	"net"
	"testing"

	"chandy/internal/config"
	"chandy/internal/core"
	"chandy/wire"
)

// What is queued for a client counts until it is written, and counts no more when the
// connection has ended.
func TestWhatIsQueuedForAClientCounts(t *testing.T) {
	for _, written := range []bool{true, false} {
		here, there := net.Pipe()
		defer there.Close()
		n := &Node{}
		c := newConn(n, 1, here)
		c.client, c.writing = true, true // nothing is written until writeLoop runs
		c.write(core.Write{Conn: 1, Frames: []wire.Frame{wire.Reply{Kind: wire.KindData, Body: make([]byte, 1000)}, wire.Pong{}, wire.Pong{}, wire.Reply{Kind: wire.KindData, Body: make([]byte, 500)}}})
		want := int64(1500 + 2*replyBytes + 2*len(wire.Append(nil, wire.Pong{})))
		if got := n.replies.Load(); got != want || c.queued != int(want) {
			t.Errorf("4 frames: got %d bytes, and %d of the client, want %d", got, c.queued, want)
		}
		if !written {
			c.close(false)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			c.writeLoop()
		}()
		var first [1]byte
		if _, err := io.ReadFull(there, first[:]); written && err != nil {
			t.Fatal(err)
		} else if got := n.replies.Load(); written && got != want {
			t.Errorf("while the first frame is written: got %d bytes, want %d", got, want)
		}
		r := wire.NewReader(io.MultiReader(bytes.NewReader(first[:]), there), wire.FrameMax)
		for range 4 {
			if _, err := r.Read(); err != nil && written {
				t.Fatal(err)
			}
		}
		<-ended
		if got := n.replies.Load(); got != 0 || c.queued != 0 {
			t.Errorf("written %t: got %d bytes, and %d of the client, want none", written, got, c.queued)
		}
	}
}

// No further request of a client is read while more than 256 KiB are queued for it, or anything,
// if more than the budget is queued for all clients.
func TestQueuesOfClientsAreBounded(t *testing.T) {
	for _, test := range []struct {
		own, all int64 // bytes queued
		want     bool
	}{
		{repliesMax - 1, repliesMax - 1, false}, {repliesMax, repliesMax, false}, {repliesMax + 1, repliesMax + 1, true},
		{1, 1<<22 - 1, false}, {1, 1 << 22, false}, {1, 1<<22 + 1, true},
		{0, 1<<22 + 1, false},
	} {
		n := &Node{repliesMax: 1 << 22}
		n.replies.Store(test.all)
		c := conn{node: n, client: true, queued: int(test.own)}
		if got := c.full(); got != test.want {
			t.Errorf("%d bytes for the client and %d for all: got full %t, want %t", test.own, test.all, got, test.want)
		}
	}
}

// The limit of what is queued for all clients together is a share of the memory of the node.
func TestQueuesOfAllClientsHaveAShareOfTheMemory(t *testing.T) {
	for memory, want := range map[config.Size]int64{1 << 20: 8 << 10, 1<<30 - 128: 8<<20 - 1, 1 << 30: 8 << 20, 1 << 40: 8 << 20} {
		if got := repliesOfAll(&config.Cluster{Limits: config.Limits{Memory: memory}}); got != want {
			t.Errorf("memory of %d: got %d, want %d", memory, got, want)
		}
	}
}
