package command

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"chandy/snapshot"
)

func (e *env) down() *cli.Command {
	return &cli.Command{
		Name:  "down",
		Usage: "stop the nodes in the background",
		Flags: []cli.Flag{clusterFlag(), stateDirFlag()},
		CustomHelpTemplate: `usage: chandy down [flags]

Stops the nodes that chandy up --detach has started, and no others. A node that has not
stopped after 5 s is killed. The logs stay.

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
			return e.stopAll(dir, sameNodes(c))
		},
	}
}

// stopAll stops the nodes of the directory, which chandy logs finds by the flags in same.
func (e *env) stopAll(dir stateDir, same string) error {
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
	if err := dir.stop(running); err != nil {
		return err
	}
	if len(running) == 0 {
		printLine(e.Stderr, "chandy: no node runs, with its state in %s", dir)
		return nil
	}
	printLine(e.Stderr, "chandy: %s stopped", count(len(running), "node", "nodes"))
	return nil
}

const (
	stopPoll = 20 * time.Millisecond
	killWait = 2 * time.Second // for the end of a node that was killed
)

// stop stops the nodes of the processes, and waits until they have ended. The caller must
// have locked the directory.
func (d stateDir) stop(ids []snapshot.ProcessID) error {
	left := d.signal(ids, syscall.SIGTERM, childGrace)
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
