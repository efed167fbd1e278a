package netnode_test

import (
	"chandy/internal/bundled"
	"chandy/internal/clustertest"
)

// banks are the options of clusters whose nodes host bundled programs.
var banks = clustertest.Options{Program: bundled.New}

// bankFile is a cluster file of n banks p1 … pn, each with a channel to all others.
func bankFile(n int, more string) string {
	return clustertest.File("[program]\nkind = \"bank\"\n"+more, clustertest.IDs("p", n)...)
}

// sum returns all money of a cluster of banks, on accounts and in channels.
func sum(s *clustertest.Snapshot) int64 {
	if s == nil {
		return 0
	}
	total := int64(0)
	for _, state := range clustertest.States[struct{ Balance int64 }](s) {
		total += state.Balance
	}
	for _, c := range s.Channels {
		for _, payload := range clustertest.Payloads(c) {
			total += clustertest.JSON[struct{ Amount int64 }](payload).Amount
		}
	}
	return total
}
