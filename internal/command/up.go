package command

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
	"chandy/internal/config"
	"chandy/internal/printable"
	"chandy/snapshot"
)

func (e *env) up() *cli.Command {
	return &cli.Command{
		Name:  "up",
		Flags: append(cmdline.LogFlags(), clusterFlag()),
		CustomHelpTemplate: `usage: chandy up [flags]

Runs the nodes of all processes of the cluster file in this terminal until Ctrl-C,
SIGTERM or SIGHUP. Each runs in an operating-system process of its own: chandy node,
or the node_command of its program. Their logs come on stderr, and each line begins
with the id of its process. If one node ends, the others are stopped, and an error
says which one ended and why.

      --cluster FILE    the cluster file; it may be a pipe, which is read once
      --log-format F    console (default) or json
      --log-level L     trace, debug, info (default), warn, error or disabled

exit codes: 0 stopped by a signal; 2 bad usage or configuration, or a node could
not start; 3 a node ended.

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
			format := c.String("log-format")
			if format == "auto" {
				format = "console"
			}
			l := launcher{env: e, cluster: cluster, flags: []string{"--until-eof", "--log-format", format, "--log-level", c.String("log-level")}}
			return l.run(c.Context)
		}),
	}
}

// launcher runs the nodes of a cluster as children. The stdin of each is a pipe from
// this process, and a child stops when its pipe ends. So none survives this process,
// even if it is killed.
type launcher struct {
	*env
	cluster *config.Cluster
	flags   []string // of each node, without --cluster
}

// child is the node of one process.
type child struct {
	id    snapshot.ProcessID
	cmd   *exec.Cmd
	stdin io.Closer
	last  string // the last line on its stderr that is no hint
}

// childGrace is how long a child may take to stop before it is killed.
const childGrace = 5 * time.Second

func (l *launcher) run(ctx context.Context) error {
	ended := make(chan *child, len(l.cluster.Processes))
	var children []*child
	var failed error
	for i, p := range l.cluster.Processes {
		one, err := l.start(p, l.prefix(i, p.ID), ended)
		if err != nil {
			failed = fail(exitUnknown, "", "start the node of %s: %w", p.ID, err)
			break
		}
		children = append(children, one)
	}
	left := len(children)
	if failed == nil {
		select {
		case first := <-ended:
			left--
			if ctx.Err() == nil {
				failed = first.failure()
			}
		case <-ctx.Done():
		}
	}
	l.stop(children, ended, left)
	return failed
}

// stop stops the children and waits until the ones that are left have ended.
func (l *launcher) stop(children []*child, ended <-chan *child, left int) {
	for _, one := range children {
		one.cmd.Process.Signal(syscall.SIGTERM)
		one.stdin.Close()
	}
	kill := time.AfterFunc(childGrace, func() {
		for _, one := range children {
			one.cmd.Process.Kill()
		}
	})
	defer kill.Stop()
	for ; left > 0; left-- {
		<-ended
	}
}

// start starts a child, which is sent to ended when it has ended.
func (l *launcher) start(p config.Process, prefix string, ended chan<- *child) (*child, error) {
	cmd, err := l.command(p)
	if err != nil {
		return nil, err
	}
	one := &child{id: p.ID, cmd: cmd}
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
		l.copy(one, stderr, prefix)
		one.cmd.Wait() // afterwards ProcessState says how it ended
		ended <- one
	}()
	return one, nil
}

// copy prints the lines of a child, each after the prefix.
func (l *launcher) copy(one *child, from io.Reader, prefix string) {
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadString('\n')
		if line = printable.Text(strings.TrimSuffix(line, "\n")); line != "" {
			if !isHint(line) {
				one.last = line
			}
			printExact(l.Queue, prefix+line+"\n")
		}
		if err != nil {
			return
		}
	}
}

// isHint reports whether a line is the hint of a node, after its error.
func isHint(line string) bool {
	name, _, found := strings.Cut(line, ": hint: ")
	return found && !strings.Contains(name, " ")
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

// failure returns the error of a child that ended although nobody stopped it.
func (c *child) failure() error {
	code := exitUnknown
	if c.cmd.ProcessState.ExitCode() == exitUsage {
		code = exitUsage
	}
	return fail(code, "", "the node of %s exited: %v; last line on stderr: %s", c.id, c.cmd.ProcessState, c.last)
}
