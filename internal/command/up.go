package command

import (
	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
	"chandy/internal/config"
)

func (e *env) up() *cli.Command {
	return &cli.Command{
		Name:  "up",
		Usage: "run the nodes of all processes, here or in the background",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "cluster", Usage: "FILE: the cluster file; it may be a pipe, which is read once"},
			&cli.BoolFlag{Name: "keep", Usage: "let the other nodes run when one ends, such as to see a partial snapshot"},
			&cli.BoolFlag{Name: "restart", Usage: "start a node again when it ends, after 0.2 s, then twice as long each time, up to 10 s; with recovery the cluster goes on from its last saved snapshot"},
			&cli.BoolFlag{Name: "detach", Usage: "run the nodes in the background, and return when all are up; chandy logs prints their logs, chandy down stops them"},
			&cli.StringFlag{Name: "restore", Usage: "SNAP: start from the saved snapshot SNAP: an id, a name or latest"},
			cmdline.NoSaveFlag(),
			stateDirFlag(),
			cmdline.LogFormatFlag("F: console (default) or json"),
			cmdline.LogLevelFlag(),
		},
		CustomHelpTemplate: `usage: chandy up [flags]

Runs the nodes of all processes of the cluster file in this terminal until Ctrl-C,
SIGTERM or SIGHUP. It is for one machine, which has all their addresses. Each runs in
an operating-system process of its own: chandy node, or the node_command of its
program. Their logs come on stderr, and each line begins with the id of its process.
A line says when all are up. If one node ends, the others are stopped, and an error
says which one ended and why. With --keep or --detach the others run on. With --restart
the node starts again, until the nodes find a recovery loop: a process that ends three
times soon after a restore of one snapshot. Then all are stopped. Started again, the
cluster is held until chandy restore or chandy resume.
With recovery, a snapshot is saved before nodes stop. Ctrl-C again stops them at once.

{flags}

exit codes: 0 stopped by a signal, or all up in the background; 1 a recovery
loop; 2 bad usage or configuration, a node could not start, or the cluster runs in the
background already; 3 a node ended, or not all are up in the background after 60 s.

example:
  chandy up
`,
		Before: func(c *cli.Context) error {
			e.RunsOn(c, func(lines int) {
				printLine(e.Queue, "chandy: dropped %s: stderr was not read in time", count(lines, "line", "lines"))
			})
			return nil
		},
		Action: onCluster(func(c *cli.Context, cluster *config.Cluster) error {
			if err := checkPrograms(cluster); err != nil {
				return err
			}
			if err := checkBinaries(cluster); err != nil {
				return err
			}
			if err := checkClient(cluster); err != nil {
				return err
			}
			lines, err := e.linePrinter(c)
			if err != nil {
				return err
			}
			l := launcher{
				env: e, cluster: cluster, saves: cluster.Recovers() && !c.Bool("no-save"), keep: c.Bool("keep"), restart: c.Bool("restart"), lines: lines, next: nextHint(c, "Ctrl-C"), same: sameNodes(c),
				flags: []string{"--until-eof", "--log-format", "json", "--log-level", c.String("log-level")},
			}
			l.flags = append(l.flags, noSave(c)...)
			if snap := c.String("restore"); snap != "" {
				id, err := storeOf(cluster).Find(snap)
				if err != nil {
					return storeFailure(err)
				}
				l.restore = []string{"--restore", string(id)}
			}
			if c.Bool("restart") && (c.Bool("keep") || c.Bool("detach")) {
				return fail(exitUsage, "", "up: --restart with --keep or --detach: only chandy up in a terminal starts nodes again")
			}
			if c.Bool("detach") {
				return l.runDetached(c)
			}
			return l.run(c.Context)
		}),
	}
}

// noSave returns the flag --no-save of a node, if the command has it.
func noSave(c *cli.Context) []string {
	if c.Bool("no-save") {
		return []string{"--no-save"}
	}
	return nil
}

// nextHint says what to type when all nodes are up.
func nextHint(c *cli.Context, stop string) string {
	cluster := ""
	if file := c.String("cluster"); file != "" {
		cluster = " --cluster " + file
	}
	if stop == "chandy down" {
		stop += sameNodes(c)
	}
	return "chandy initiate" + cluster + " takes a snapshot, " + stop + " stops them"
}
