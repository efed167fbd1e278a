package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"chandy/internal/cmdline"
	"chandy/internal/config"
)

// detachTimeout is how long chandy up --detach waits until all nodes are up.
const detachTimeout = time.Minute

// runDetached runs the nodes in the background, as the flags say.
func (l *launcher) runDetached(c *cli.Context) error {
	if c.Bool("keep") {
		return fail(exitUsage, "", "up: --keep and --detach: nodes in the background run on anyway when one ends")
	}
	dir, err := findStateDir(c)
	if err != nil {
		return err
	}
	format := "console"
	if c.String("log-format") == "json" {
		format = "json"
	}
	l.flags = []string{"--log-format", format, "--log-level", c.String("log-level")}
	l.flags = append(l.flags, noSave(c)...)
	l.next = nextHint(c, "chandy down")
	return l.detach(c.Context, dir)
}

// detach starts the nodes of the cluster in the background, and returns when all are up. If
// one ends meanwhile, or ctx is done, it stops the others.
func (l *launcher) detach(ctx context.Context, dir stateDir) error {
	if err := os.MkdirAll(string(dir), 0o777); err != nil {
		return fail(exitUsage, "", "%w", err)
	}
	lock, err := dir.lock()
	if err != nil {
		return err
	}
	defer lock.Close()
	if running, err := dir.running(); err != nil {
		return err
	} else if len(running) > 0 {
		return fail(exitUsage, "chandy down"+l.same+" stops it", "a cluster runs already, with its state in %s: %s", dir, list(running))
	}
	if err := checkListen(l.cluster); err != nil {
		return err
	}
	ended := make(chan *child, len(l.cluster.Processes))
	for _, p := range l.cluster.Processes {
		if err := l.startDetached(p, dir, ended); err != nil {
			return errors.Join(fail(exitUnknown, "", "start the node of %s: %w", p.ID, err), dir.stop(l.cluster.IDs(), cmdline.StopNow, childGrace))
		}
	}
	bounded, cancel := context.WithTimeout(ctx, detachTimeout)
	defer cancel()
	w := newWaiter(asker{l.cluster}, nil)
	up := make(chan error, 1)
	go func() { up <- w.wait(bounded) }()
	select {
	case one := <-ended:
		return errors.Join(one.failure(), dir.stop(l.cluster.IDs(), cmdline.StopNow, childGrace))
	case err := <-up:
		if f := (*failure)(nil); errors.As(err, &f) {
			// A stranger listens on an address of the file. Our node ends and says so.
			select {
			case one := <-ended:
				err = one.failure()
			case <-time.After(childGrace):
			}
		}
		return l.detached(ctx, dir, w, err)
	}
}

// detached says what became of the nodes, with the error of the waiter.
func (l *launcher) detached(ctx context.Context, dir stateDir, w *waiter, err error) error {
	all := len(l.cluster.Processes)
	switch {
	case err == nil:
		l.sayUp(ctx)
		return nil
	case ctx.Err() != nil:
		return errors.Join(fail(exitUnknown, "", "interrupted"), dir.stop(l.cluster.IDs(), cmdline.StopNow, childGrace))
	case !errors.Is(err, context.DeadlineExceeded):
		return errors.Join(err, dir.stop(l.cluster.IDs(), cmdline.StopNow, childGrace))
	}
	return failList(exitUnknown, fmt.Sprintf("they run on; chandy logs%[1]s prints what they say, chandy down%[1]s stops them", l.same), w.down(ctx),
		"%d of %d up after %v:", all-w.count(), all, detachTimeout)
}

// startDetached starts a node that outlives this process. Its stderr is its log, which is
// locked as long as it runs. The child is sent to ended if it ends.
func (l *launcher) startDetached(p config.Process, dir stateDir, ended chan<- *child) error {
	cmd, err := l.command(p)
	if err != nil {
		return err
	}
	log, err := lockFile(dir.log(p.ID), unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer log.Close() // the node keeps the lock
	if err := log.Truncate(0); err != nil {
		return err
	}
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no signal of this terminal reaches it
	if err := l.startWithFile(cmd); err != nil {
		return err
	}
	if err := os.WriteFile(dir.pid(p.ID), []byte(strconv.Itoa(cmd.Process.Pid)+"\n"), 0o666); err != nil {
		cmd.Process.Kill()
		return err
	}
	go func() {
		cmd.Wait()
		one := &child{id: p.ID, cmd: cmd, advice: fmt.Sprintf("chandy logs%s %s prints what it said", l.same, p.ID)}
		if own := ownHint(p); own != "" {
			one.advice += "; " + own
		}
		if f, err := os.Open(dir.log(p.ID)); err == nil {
			one.lastWords.read(f)
			f.Close()
		}
		ended <- one
	}()
	return nil
}
