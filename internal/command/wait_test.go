package command

import (
	"context"
	"net"
	"testing"
	"time"

	"chandy/internal/config"
	"chandy/wire"
)

// Many nodes that are asked again and again have no time to come up.
func TestWaiterAsksANodeOnceAndTheNodeKeepsTheRequest(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	requests := make(chan wire.Control, 1000)
	go answerNothing(t, l, requests)
	cluster := testCluster(t, l.Addr().String())
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	w := newWaiter(asker{cluster}, nil)
	if err := w.wait(ctx); err != context.DeadlineExceeded {
		t.Errorf("wait for a node whose channels are down: got error %v, want %v", err, context.DeadlineExceeded)
	}
	if got := len(requests); got != 1 {
		t.Fatalf("got %d requests within 500 ms, want 1", got)
	}
	if got, want := <-requests, (wire.StatusRequest{Wait: true}); got != want {
		t.Errorf("got request %#v, want %#v", got, want)
	}
	if got := w.count(); got != 1 {
		t.Errorf("got %d processes that are not up, want 1", got)
	}
}

// testCluster returns a cluster of one process.
func testCluster(t *testing.T, address string) *config.Cluster {
	t.Helper()
	cluster, err := config.Parse("cluster.toml", []byte(`name = "one"
[[process]]
id = "p1"
address = "`+address+`"
[program]
kind = "bank"
`))
	if err != nil {
		t.Fatal(err)
	}
	return cluster
}

// answerNothing accepts clients as a node does, and sends their requests to requests. It
// replies to none.
func answerNothing(t *testing.T, l net.Listener, requests chan<- wire.Control) {
	for {
		socket, err := l.Accept()
		if err != nil {
			return
		}
		t.Cleanup(func() { socket.Close() })
		go func() {
			r := wire.NewReader(socket, wire.FrameMax)
			for {
				f, err := r.Read()
				if err != nil {
					return
				}
				switch f := f.(type) {
				case wire.Hello:
					socket.Write(wire.Append(nil, wire.Welcome{Version: wire.Version, Incarnation: "i1"}))
				case wire.Request:
					c, _ := wire.DecodeControl(f.Body)
					requests <- c
				}
			}
		}()
	}
}
