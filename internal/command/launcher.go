package command

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"chandy/internal/cmdline"
	"chandy/internal/config"
	"chandy/internal/printable"
	"chandy/snapshot"
)

// launcher runs the nodes of a cluster as children. The stdin of each is a pipe from
// this process, and a child stops when its pipe ends. So none survives this process,
// even if it is killed.
type launcher struct {
	*env
	cluster *config.Cluster
	flags   []string // of each node, without --cluster and restore
	restore []string // flag for a cluster that starts from a snapshot
	keep    bool     // let the other nodes run when one ends
	restart bool     // start a node again when it ends
	saves   bool     // the nodes save a snapshot before they stop
	next    string   // what to type once all are up
	same    string   // see sameNodes
	lines   *linePrinter
	up      atomic.Bool // all nodes have been up
}

// child is the node of one process.
type child struct {
	id     snapshot.ProcessID
	cmd    *exec.Cmd
	stdin  io.Closer
	begun  time.Time
	advice string // for a node that ends before it listens, and does not say why
	lastWords
}

const (
	// childGrace is how long a child may take to stop before it is killed.
	childGrace = 5 * time.Second
	// upGrace is how long the nodes may take to be up before a line says what is missing.
	upGrace = 10 * time.Second
)

func (l *launcher) run(ctx context.Context) error {
	if err := checkListen(l.cluster); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan *child, len(l.cluster.Processes))
	var children []*child
	for i, p := range l.cluster.Processes {
		one, err := l.start(p, l.prefix(i, p.ID), ended)
		if err != nil {
			l.stop(children, ended, len(children))
			return fail(exitUnknown, "", "start the node of %s: %w", p.ID, err)
		}
		children = append(children, one)
	}
	l.restore = nil // a node that starts again goes where the cluster is
	go l.reportUp(ctx)
	again := newRestarts()
	defer again.stop()
	for left := len(children); ; {
		select {
		case one := <-ended:
			left--
			one.listened = one.listened || l.up.Load()
			switch {
			case ctx.Err() != nil:
				l.stopSaved(children, ended, left)
				return nil
			case l.restart && one.mayRestart():
				wait := again.after(one, time.Now())
				printLine(l.Queue, "chandy: %s; starts again in %v", one.failure(), wait)
				continue
			case !l.keep || left == 0:
				l.stop(children, ended, left)
				return one.failure()
			}
			printLine(l.Queue, "chandy: %s; %d of %d run on", one.failure(), left, len(children))
		case id := <-again.due:
			i := slices.IndexFunc(children, func(c *child) bool { return c.id == id })
			p, _ := l.cluster.Process(id)
			one, err := l.start(p, l.prefix(i, id), ended)
			if err != nil {
				l.stop(children, ended, left)
				return fail(exitUnknown, "", "start the node of %s again: %w", id, err)
			}
			children[i] = one
			left++
		case found := <-l.loops():
			l.stop(children, ended, left)
			return fail(exitNo, "chandy up --restart starts the cluster again, held; then "+printable.Text(found.waysOn), "recovery loop: %s", printable.Text(found.loop))
		case <-ctx.Done():
			l.stopSaved(children, ended, left)
			return nil
		}
	}
}

// reportUp prints a line when all nodes are up, and before that, if they take long, what is
// missing.
func (l *launcher) reportUp(ctx context.Context) {
	all := len(l.cluster.Processes)
	w := newWaiter(asker{l.cluster}, nil)
	late := time.AfterFunc(upGrace, func() {
		if down := w.down(ctx); ctx.Err() == nil && len(down) > 0 {
			l.lines.started()
			printLine(l.Queue, "chandy: %d of %d up after %v: %s", all-w.count(), all, upGrace, firstLines(down))
		}
	})
	defer late.Stop()
	if w.wait(ctx) == nil {
		l.up.Store(true)
		l.lines.started()
		l.sayUp(ctx)
	}
}

// sayUp says that all nodes are up, and where they go on if they have gone back.
func (l *launcher) sayUp(ctx context.Context) {
	all := len(l.cluster.Processes)
	if l.cluster.Recovers() {
		if r := lastRecovery(asker{l.cluster}.statuses(ctx)); r != nil {
			printLine(l.Queue, "chandy: %s", printable.Text(r.Text()))
		}
	}
	printLine(l.Queue, "chandy: %d of %d up; %s", all, all, l.next)
}

// firstLines returns the first of many lines, and how many more there are.
func firstLines(lines []string) string {
	if len(lines) == 1 {
		return lines[0]
	}
	return fmt.Sprintf("%s; and %d more", lines[0], len(lines)-1)
}

// stop stops the children and waits until the ones that are left have ended.
func (l *launcher) stop(children []*child, ended <-chan *child, left int) {
	l.lines.started()
	for _, one := range children {
		one.cmd.Process.Signal(syscall.SIGTERM)
		one.stdin.Close()
	}
	grace := childGrace
	if l.saves {
		grace += l.cluster.Snapshot.StopTimeout
	}
	kill := time.AfterFunc(grace, func() {
		for _, one := range children {
			one.cmd.Process.Kill()
		}
	})
	defer kill.Stop()
	if l.saves {
		defer context.AfterFunc(l.Again(), func() {
			for _, one := range children {
				one.cmd.Process.Signal(syscall.SIGTERM)
			}
			kill.Reset(childGrace)
		})()
	}
	for ; left > 0; left-- {
		<-ended
	}
}

// stopSaved stops the children because the user asks for it, and says what they have saved.
// All get the signal: one of them saves for all.
func (l *launcher) stopSaved(children []*child, ended <-chan *child, left int) {
	if !l.saves {
		l.stop(children, ended, left)
		return
	}
	printLine(l.Queue, "chandy: saving before the nodes stop, for at most %v; Ctrl-C again stops them at once", l.cluster.Snapshot.StopTimeout)
	l.stop(children, ended, left)
	if id := stoppedAt(l.cluster); id != "" {
		printLine(l.Queue, "chandy: saved %s; chandy up goes on from there", id)
	} else {
		printLine(l.Queue, "chandy: stopped without saving; chandy up goes back to the last saved snapshot")
	}
}

// stoppedAt returns the newest saved snapshot, if the cluster has been held since. Otherwise
// it returns an empty id.
func stoppedAt(cluster *config.Cluster) snapshot.ID {
	s := storeOf(cluster)
	r, err := s.Reading()
	if err != nil || r.Newest == nil {
		return ""
	}
	if m, _, err := s.Manifest(r.Newest.ID); err != nil || !m.Held {
		return ""
	}
	return r.Newest.ID
}

// start starts a child, which is sent to ended when it has ended.
func (l *launcher) start(p config.Process, prefix string, ended chan<- *child) (*child, error) {
	cmd, err := l.command(p)
	if err != nil {
		return nil, err
	}
	one := &child{id: p.ID, cmd: cmd, begun: time.Now(), advice: ownHint(p)}
	one.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C reaches this process only, which stops the children
	if one.stdin, err = one.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stderr, err := one.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := l.startWithFile(one.cmd); err != nil {
		return nil, err
	}
	go func() {
		l.lines.copy(&one.lastWords, stderr, prefix)
		one.cmd.Wait() // afterwards ProcessState says how it ended
		ended <- one
	}()
	return one, nil
}

// ownHint returns the hint for a node_command that ends at once.
func ownHint(p config.Process) string {
	if p.Program.NodeCommand == nil {
		return ""
	}
	return "its node_command must run a node, as a Go program does that calls netnode.Main"
}

// prefix returns the text before each line of a child. All prefixes have the same
// width. On a terminal with colours they are coloured.
func (l *launcher) prefix(i int, id snapshot.ProcessID) string {
	width := 0
	for _, p := range l.cluster.Processes {
		width = max(width, len(p.ID))
	}
	text := fmt.Sprintf("%-*s | ", width, id)
	if cmdline.Colours(l.Stderr) {
		colours := []int{36, 33, 32, 35, 34, 31}
		text = fmt.Sprintf("\x1b[%dm%s\x1b[0m", colours[i%len(colours)], text)
	}
	return text
}

// failure returns the error of a child that ended although nobody stopped it. A Go panic
// has the exit code of bad usage, so that code counts only before the node listens.
func (c *child) failure() error {
	code, ended := exitUnknown, fmt.Sprintf("the node of %s ended: %v", c.id, c.cmd.ProcessState)
	if c.cmd.ProcessState.ExitCode() == exitUsage {
		if !c.listened {
			code = exitUsage
		}
		if c.panic != "" {
			ended += ": " + printable.Text(c.panic)
		}
	}
	advice := c.advice
	if c.listened || c.panic != "" {
		advice = ""
	}
	return c.lastWords.failure(code, ended, advice)
}
