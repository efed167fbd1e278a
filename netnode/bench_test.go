package netnode_test

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/config"
	"chandy/netnode"
	"chandy/snapshot"
)

// idle is a program that does nothing.
type idle struct{}

func (idle) Start(netnode.Process)              {}
func (idle) Receive(snapshot.ProcessID, []byte) {}
func (idle) Capture(done func(netnode.State))   { done(netnode.State{Bytes: []byte("{}")}) }
func (idle) Restore([]byte) error               { return nil }

// BenchmarkSnapshotIdle is the time of one snapshot of an idle mesh over loopback,
// from the request on an open control connection to the JSON.
func BenchmarkSnapshotIdle(b *testing.B) {
	for _, n := range []int{3, 10, 32} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c, err := config.Parse("bench.toml", []byte(bankFile(n, "transfers_per_second = 0\n")))
			if err != nil {
				b.Fatal(err)
			}
			tcp := &loopback{ports: map[string]string{}}
			ctx, cancel := context.WithCancel(b.Context())
			done := make(chan error, n)
			for _, p := range c.Processes {
				node, err := netnode.New(netnode.Options{Cluster: c, ID: p.ID, Program: idle{}, Network: tcp, Log: zerolog.Nop()})
				if err != nil {
					b.Fatal(err)
				}
				go func() { done <- node.Run(ctx) }()
			}
			for _, p := range c.Processes {
				client, err := netnode.DialClient(ctx, c, p.ID, tcp)
				if err != nil {
					b.Fatal(err)
				}
				client.AwaitUp(ctx)
				client.Close()
			}
			client, err := netnode.DialClient(ctx, c, "p1", tcp)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				end, err := client.Initiate(ctx, nil, 10*time.Second, true, io.Discard, nil)
				if err != nil || end.Status != "complete" {
					b.Fatal(end, err)
				}
			}
			cancel()
			for range n {
				<-done
			}
		})
	}
}
