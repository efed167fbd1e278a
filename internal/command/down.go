package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
	"chandy/internal/config"
	"chandy/snapshot"
)

func (e *env) down() *cli.Command {
	return &cli.Command{
		Name:  "down",
		Usage: "stop the nodes in the background",
		Flags: []cli.Flag{clusterFlag(), cmdline.NoSaveFlag(), stateDirFlag()},
		CustomHelpTemplate: `usage: chandy down [flags]

Stops the nodes that chandy up --detach has started, and no others. With recovery, a
snapshot is saved first, for at most stop_timeout of the cluster file. A node that has
not stopped 5 s later is killed. The logs stay.

{flags}

exit codes: 0 none of them runs any more; 2 bad usage; 3 a node could not be stopped.

example:
  chandy up --detach; chandy initiate; chandy down
`,
		Action: func(c *cli.Context) error {
			if err := arguments(c, 0, 0, ""); err != nil {
				return err
			}
			dir, err := findStateDir(c)
			if err != nil {
				return err
			}
			return e.stopper(c, dir).stopAll()
		},
	}
}

// stopper stops the nodes of a directory.
type stopper struct {
	*env
	stateDir
	cluster *config.Cluster // nil unless it recovers
	saves   bool            // a snapshot is saved first
	same    string          // flags by which chandy logs finds the nodes
}

func (e *env) stopper(c *cli.Context, dir stateDir) stopper {
	s := stopper{env: e, stateDir: dir, same: sameNodes(c)}
	if cluster, err := config.Load(config.Find(c.String("cluster"))); err == nil && cluster.Recovers() {
		s.cluster, s.saves = cluster, !c.Bool("no-save")
	}
	return s
}

func (e stopper) stopAll() error {
	dir, same := e.stateDir, e.same
	lock, err := dir.lock()
	if errors.Is(err, fs.ErrNotExist) {
		printLine(e.Stderr, "chandy: no node runs, with its state in %s", dir)
		return nil
	} else if err != nil {
		return err
	}
	defer lock.Close()
	running, err := dir.running()
	if err != nil {
		return err
	}
	started, err := dir.ids(".pid")
	if err != nil {
		return err
	}
	for _, id := range started {
		if !dir.runs(id) {
			printLine(e.Stderr, "chandy: the node of %s had ended already; chandy logs%[2]s %[1]s prints its log", id, same)
			os.Remove(dir.pid(id))
		}
	}
	if err := e.stopNodes(running); err != nil {
		return err
	}
	if len(running) == 0 {
		printLine(e.Stderr, "chandy: no node runs, with its state in %s", dir)
		return nil
	}
	saved := ""
	if e.saves {
		if id := stoppedAt(e.cluster); id != "" {
			saved = fmt.Sprintf("; saved %s, from which chandy up goes on", id)
		} else {
			saved = "; nothing was saved before: chandy logs says why"
		}
	}
	printLine(e.Stderr, "chandy: %s stopped%s", count(len(running), "node", "nodes"), saved)
	return nil
}

// stopNodes stops the nodes of the processes.
func (e stopper) stopNodes(ids []snapshot.ProcessID) error {
	switch {
	case e.saves:
		return e.stop(ids, syscall.SIGTERM, childGrace+e.cluster.Snapshot.StopTimeout)
	case e.cluster != nil:
		return e.stop(ids, cmdline.StopNow, childGrace)
	}
	return e.stop(ids, syscall.SIGTERM, childGrace)
}

const (
	stopPoll = 20 * time.Millisecond
	killWait = 2 * time.Second // for the end of a node that was killed
)

// stop stops the nodes of the processes, and waits until they have ended. The caller must
// have locked the directory.
func (d stateDir) stop(ids []snapshot.ProcessID, s os.Signal, grace time.Duration) error {
	left := d.signal(ids, s, grace)
	left = d.signal(left, syscall.SIGKILL, killWait)
	if len(left) > 0 {
		return fail(exitUnknown, "", "the nodes of %s run on: no process id in %s stops them", list(left), d)
	}
	return nil
}

// signal sends a signal to the nodes that run, and waits until they have ended, at most as
// long as the grace. It returns the processes whose nodes run on.
func (d stateDir) signal(ids []snapshot.ProcessID, s os.Signal, grace time.Duration) (left []snapshot.ProcessID) {
	for _, id := range ids {
		p, err := d.process(id)
		if d.runs(id) { // after the process was found, so that it is this node
			left = append(left, id)
			if err == nil {
				p.Signal(s)
			}
		} else {
			os.Remove(d.pid(id))
		}
	}
	tick := time.NewTicker(stopPoll)
	defer tick.Stop()
	for late := time.Now().Add(grace); len(left) > 0 && time.Now().Before(late); <-tick.C {
		var still []snapshot.ProcessID
		for _, id := range left {
			if d.runs(id) {
				still = append(still, id)
			} else {
				os.Remove(d.pid(id))
			}
		}
		left = still
	}
	return left
}
