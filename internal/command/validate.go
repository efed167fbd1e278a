package command

import (
	"github.com/urfave/cli/v2"

	"chandy/internal/bundled"
	"chandy/internal/cmdline"
	"chandy/internal/config"
	"chandy/internal/diagram"
	"chandy/snapshot"
)

func (e *env) validate() *cli.Command {
	return &cli.Command{
		Name:      "validate",
		Usage:     "check the cluster file and print its topology",
		ArgsUsage: "[FILE]",
		Flags: []cli.Flag{
			clusterFlag(),
			&cli.BoolFlag{Name: "dot", Usage: "print the topology as a graph for Graphviz"},
			&cli.BoolFlag{Name: "svg", Usage: "draw the topology as one SVG file, with its strongly connected components"},
			&cli.BoolFlag{Name: "ids", Usage: "print only the ids of the processes, one a line"},
		},
		CustomHelpTemplate: `usage: chandy validate [flags] [FILE]

Reads the cluster file, FILE or the one of --cluster, and lists its faults. The
settings of programs are checked once the file has no other fault. If it has none,
prints the topology: processes, channels, strongly connected components, and at which
processes a snapshot can start so that it reaches all. No node has to run. Of a
program with a node_command, neither the settings nor the command are checked.

{flags}

exit codes: 0 no fault; 2 bad usage, or the file has faults.

example:
  chandy validate --svg > cluster.svg
`,
		Action: func(c *cli.Context) error {
			cluster, err := validated(c)
			if err != nil {
				return err
			}
			if err := checkPrograms(cluster); err != nil {
				return err
			}
			if c.Bool("ids") {
				for _, id := range cluster.IDs() {
					printLine(e.Stdout, "%s", id)
				}
				return nil
			}
			topology := snapshot.NewTopology(cluster.IDs(), cluster.Channels())
			switch {
			case c.Bool("dot"):
				return diagram.Dot(e.Stdout, cluster.Name, topology)
			case c.Bool("svg"):
				return diagram.Topology(e.Stdout, cluster.Name, topology)
			}
			e.describe(cluster, topology)
			return nil
		},
	}
}

// validated reads the cluster file that the argument, a flag or the environment names.
func validated(c *cli.Context) (*config.Cluster, error) {
	if err := arguments(c, 0, 1, "FILE"); err != nil {
		return nil, err
	}
	switch file := c.Args().First(); {
	case file == "":
		return cmdline.LoadCluster(c)
	case c.IsSet("cluster"):
		return nil, fail(exitUsage, "name the file once", "validate: both --cluster and the argument %s name a file", file)
	default:
		return cmdline.LoadFile(file, "")
	}
}

// checkPrograms checks the settings of every program that chandy runs.
func checkPrograms(cluster *config.Cluster) error {
	err := cluster.CheckPrograms(func(p config.Process) []string {
		if p.Program.NodeCommand != nil {
			return nil
		}
		if _, err := bundled.New(cluster, p); err != nil {
			return cmdline.ErrorLines(err)
		}
		return nil
	})
	return cmdline.FaultsFailure(err, cluster.Path)
}

func (e *env) describe(cluster *config.Cluster, t *snapshot.Topology) {
	printLine(e.Stdout, "cluster %s: %s, %s, fingerprint %s", cluster.Name,
		count(len(t.Processes), "process", "processes"), count(len(t.Channels), "channel", "channels"), cluster.Fingerprint())
	table := newTable(e.Stdout, "PROCESS", "ADDRESS", "PROGRAM", "CHANNELS TO")
	for _, p := range cluster.Processes {
		to := "none"
		if out := t.Out(p.ID); len(out) > 0 {
			to = list(out)
		}
		table.row(p.ID, p.Address, p.Program.Kind, to)
	}
	table.flush()
	components := t.Components()
	printLine(e.Stdout, "%s:%s", count(len(components), "strongly connected component", "strongly connected components"), sets(components))
	sources := t.Sources()
	if len(sources) == 1 {
		printLine(e.Stdout, "a snapshot reaches every process from any one of: %s", list(sources[0]))
		return
	}
	printLine(e.Stdout, "a snapshot needs %d initiators to reach every process, one from each of:%s", len(sources), sets(sources))
}

// sets formats sets of processes: " {p1, p2} {p3}".
func sets(all [][]snapshot.ProcessID) string {
	text := ""
	for _, one := range all {
		text += " {" + list(one) + "}"
	}
	return text
}
