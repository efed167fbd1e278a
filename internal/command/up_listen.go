package command

import (
	"errors"
	"fmt"
	"syscall"

	"chandy/internal/config"
	"chandy/netnode"
)

// checkListen returns an error if a node could not listen on its address. Otherwise the
// nodes that could would start, meet nodes that run already, and count them as up.
// A node_command may listen elsewhere, so its address is not checked. A name that does not
// resolve is left to its node, which waits for it.
func checkListen(cluster *config.Cluster) error {
	for _, p := range cluster.Processes {
		if p.Program.NodeCommand != nil {
			continue
		}
		l, err := netnode.TCP{}.Listen(p.Address)
		switch {
		case err == nil:
			l.Close()
		case errors.Is(err, syscall.EADDRNOTAVAIL):
			return fail(exitUsage, fmt.Sprintf("chandy up is for one machine: run chandy node %s on the host that has the address (docs/hosts.md)", p.ID), "%s cannot listen: %w", p.ID, err)
		case errors.Is(err, syscall.EADDRINUSE):
			return fail(exitUsage, fmt.Sprintf("is the node of %s running already? if not, give it another address in %s", p.ID, cluster.Path), "%s cannot listen: %w", p.ID, err)
		}
	}
	return nil
}
