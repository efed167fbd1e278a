package netnode_test

import (
	"testing"

	"chandy/internal/clustertest"
	"chandy/wire"
)

// With TLS the nodes and their clients find each other, and a snapshot is complete.
func TestVirtualTLS(t *testing.T) {
	table, _ := clustertest.TLS(t, wire.ClientSnapshot, clustertest.IDs("p", 3)...)
	clustertest.Virtual(t, bankFile(3, table), banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start()
		c.Up()
		if s := c.Complete("p1"); sum(s) != 3000 {
			t.Errorf("got sum %d, want 3000", sum(s))
		}
	})
}

func TestTLS(t *testing.T) {
	table, _ := clustertest.TLS(t, wire.ClientSnapshot, clustertest.IDs("p", 3)...)
	c := clustertest.New(t, bankFile(3, table), banks)
	c.Start()
	c.Up()
	if s := c.Complete("p1"); sum(s) != 3000 {
		t.Errorf("got sum %d, want 3000", sum(s))
	}
}
