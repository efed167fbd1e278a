package netnode_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"chandy/internal/clustertest"
	"chandy/netnode"
	"chandy/wire"
)

// A node with 64 connections from one address that have not said hello refuses one more
// without waiting for its hello. A connection that has said hello makes room for another.
func TestEarlyConnectionsAreRefused(t *testing.T) {
	c := clustertest.New(t, bankFile(1, ""), banks)
	c.Start()
	c.Client("p1").Close() // the node runs
	early := make([]net.Conn, 64)
	for i := range early {
		early[i] = dialled(t, c)
	}
	next := func() (wire.Frame, error) {
		return wire.NewReader(dialled(t, c), wire.AnswerMax).Read()
	}
	f, err := next()
	if refuse, ok := f.(wire.Refuse); !ok || refuse.Code != wire.Busy {
		t.Fatalf("connection 65: got %v, %v, want a refusal (%s)", f, err, wire.Busy)
	}
	early[0].Write(wire.Append(nil, wire.Hello{Role: wire.RoleControl, VersionMin: 1, VersionMax: 1, Cluster: "test", To: "p1"}))
	if f, err := wire.NewReader(early[0], wire.AnswerMax).Read(); err != nil || f.Type() != wire.TypeWelcome {
		t.Fatalf("hello on connection 1: got %v, %v, want a welcome", f, err)
	}
	client := c.Client("p1")
	defer client.Close()
	dialled(t, c)
	if f, err = next(); err != nil || f.Type() != wire.TypeRefuse {
		t.Fatalf("64 connections without a hello again, and one more: got %v, %v, want a refusal", f, err)
	}
}

// busyNode listens as p1 and refuses the first connections as a busy node does. It then
// welcomes.
func busyNode(t *testing.T, c *clustertest.Cluster, refusals int) (attempts *atomic.Int64) {
	t.Helper()
	l, err := c.Network(c.Address("p1")).Listen(c.Address("p1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	attempts = &atomic.Int64{}
	go func() {
		for {
			socket, err := l.Accept()
			if err != nil {
				return
			}
			var answer wire.Frame = wire.Welcome{Version: 1, Incarnation: "i"}
			if attempts.Add(1) <= int64(refusals) {
				answer = wire.Refuse{Code: wire.Busy, Text: "no room"}
			}
			go func() {
				wire.NewReader(socket, wire.HelloMax).Read()
				socket.Write(wire.Append(nil, answer))
				socket.Close()
			}()
		}
	}()
	return attempts
}

// A client tries again while a node is busy. If the node stays busy, the client says so
// when its time is over.
func TestVirtualClientTriesAgain(t *testing.T) {
	for _, test := range []struct {
		refusals, least int
		busy            bool
	}{{3, 4, false}, {1 << 30, 5, true}} {
		clustertest.Virtual(t, bankFile(1, ""), banks, func(t *testing.T, c *clustertest.Cluster) {
			attempts := busyNode(t, c, test.refusals)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			begun := time.Now()
			client, err := netnode.DialClient(ctx, c.Config, "p1", c.Network("client"))
			took := time.Since(begun)
			var refused *netnode.Refused
			isBusy := errors.As(err, &refused) && refused.Code == wire.Busy
			if isBusy != test.busy || !test.busy && err != nil || test.busy && took != 2*time.Second {
				t.Errorf("%d refusals: got error %v after %v, want busy after 2s: %v", test.refusals, err, took, test.busy)
			}
			if n := attempts.Load(); n < int64(test.least) || n > 20 {
				t.Errorf("%d refusals: got %d attempts within 2s, want %d to 20", test.refusals, n, test.least)
			}
			if client != nil {
				client.Close()
			}
		})
	}
}
