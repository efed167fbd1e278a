package command

import (
	"github.com/urfave/cli/v2"

	"chandy/internal/bundled"
	"chandy/internal/cmdline"
	"chandy/netnode"
)

func (e *env) node() *cli.Command {
	return e.NodeCommand("chandy node", cmdline.Host{
		Program: bundled.New,
		Node: func(o cmdline.NodeOptions) (cmdline.Node, error) {
			return netnode.New(netnode.Options{Cluster: o.Cluster, ID: o.Process.ID, Program: o.Program, Log: o.Log, Listen: o.Listen})
		},
	})
}
