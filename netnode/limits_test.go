package netnode_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"chandy/internal/clustertest"
	"chandy/internal/core"
	"chandy/netnode"
)

// However many strangers come, a node logs ten of them a second.
func TestVirtualStrangersAreLoggedTenTimesASecond(t *testing.T) {
	clustertest.Virtual(t, bankFile(1, ""), banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start()
		for second := range 3 {
			c.Log.Reset()
			for n := range 100 {
				socket, err := c.Network("stranger").Dial(t.Context(), c.Address("p1"))
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(socket, "GET /%d HTTP/1.1\r\n\r\n", n)
				socket.Close()
				synctest.Wait()
			}
			if got := strings.Count(c.Log.String(), "speaks HTTP"); got != 10 {
				t.Errorf("second %d: got %d lines about 100 strangers, want 10", second, got)
			}
			time.Sleep(time.Second)
		}
	})
}

// A node that is asked to stop does not wait longer than two seconds for a peer that
// acknowledges nothing: one second for its outboxes, and one for its connections.
func TestVirtualStopDoesNotWaitForAPeer(t *testing.T) {
	clustertest.Virtual(t, bankFile(2, ""), banks, func(t *testing.T, c *clustertest.Cluster) {
		p1 := c.Drive("p1")
		c.Start("p2")
		c.Up()
		defer c.Memory.Stall(c.Address("p1"), c.Address("p2"))()
		p1.Wait(func() { p1.Send("p2", []byte("{}")) })
		begun := time.Now()
		c.Stop("p1")
		if took := time.Since(begun); took < core.StopTimeout || took > 2*core.StopTimeout {
			t.Errorf("got an end after %v, want it after %v to %v", took, core.StopTimeout, 2*core.StopTimeout)
		}
	})
}

// deaf is a network whose addresses do not answer.
type deaf struct {
	netnode.Network
	took []time.Duration // of each attempt to connect
}

func (d *deaf) Dial(ctx context.Context, _ string) (net.Conn, error) {
	begun := time.Now()
	<-ctx.Done()
	d.took = append(d.took, time.Since(begun))
	return nil, ctx.Err()
}

// An attempt to connect to a peer that does not answer ends after two seconds.
func TestVirtualAttemptsToConnectEnd(t *testing.T) {
	clustertest.Virtual(t, bankFile(2, ""), banks, func(t *testing.T, c *clustertest.Cluster) {
		network := &deaf{Network: c.Network("p1")}
		n, err := netnode.New(netnode.Options{Cluster: c.Config, ID: "p1", Program: clustertest.Idle{}, Network: network})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := n.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if got := len(network.took); got < 6 {
			t.Errorf("got %d attempts in 20 s, want one in 3 s at least", got)
		}
		for i, took := range network.took[:len(network.took)-1] {
			if took != 2*time.Second {
				t.Errorf("attempt %d: got its end after %v, want it after 2 s", i, took)
			}
		}
	})
}
