package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"chandy/internal/config"
	"chandy/snapshot"
)

func (e *env) up() *cli.Command {
	return &cli.Command{
		Name:  "up",
		Flags: append(logFlags(), clusterFlag()),
		CustomHelpTemplate: `usage: chandy up [flags]

Runs the nodes of all processes of the cluster file, each in an operating-system
process of its own, in this terminal, until Ctrl-C. Their logs come on stderr, each
line with the id before it. When one ends, all end, and it says which and why.

      --cluster FILE    the cluster file
      --log-format F    console (default) or json
      --log-level L     trace, debug, info (default), warn, error, disabled

exit codes: 0 ended by a signal; 2 a node could not start; 3 a node ended.

example:
  chandy up
`,
		Action: onCluster(func(c *cli.Context, cluster *config.Cluster) error {
			if err := checkPrograms(cluster); err != nil {
				return err
			}
			format := c.String("log-format")
			if format == "auto" {
				format = "console"
			}
			u := upper{env: e, cluster: cluster, args: []string{"node", "--until-eof", "--cluster", cluster.Path, "--log-format", format, "--log-level", c.String("log-level")}}
			return u.run(c.Context)
		}),
	}
}

// upper runs the nodes of a cluster as children. Each has the reading end of a
// pipe as its stdin and ends when the pipe does: so none survives this process,
// however it ends.
type upper struct {
	*env
	cluster *config.Cluster
	args    []string
	mu      sync.Mutex // guards lines on stderr
}

// child is the node of one process.
type child struct {
	id    snapshot.ProcessID
	cmd   *exec.Cmd
	stdin io.Closer
	last  string // line on its stderr
	err   error  // of Wait
}

// childGrace is how long a child may take to end before it is killed.
const childGrace = 5 * time.Second

func (u *upper) run(ctx context.Context) error {
	ended := make(chan *child, len(u.cluster.Processes))
	var children []*child
	var failed error
	for i, p := range u.cluster.Processes {
		one, err := u.start(p.ID, u.prefix(i, p.ID), ended)
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
	u.stop(children, ended, left)
	return failed
}

// stop ends what still runs.
func (u *upper) stop(children []*child, ended <-chan *child, left int) {
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

// start starts a child; when it has ended it is sent to ended.
func (u *upper) start(id snapshot.ProcessID, prefix string, ended chan<- *child) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	one := &child{id: id, cmd: exec.Command(self, append(u.args, string(id))...)}
	one.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for this process to pass on
	if one.stdin, err = one.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stderr, err := one.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := one.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		u.copy(one, stderr, prefix)
		one.err = one.cmd.Wait()
		ended <- one
	}()
	return one, nil
}

// copy prints the lines of a child.
func (u *upper) copy(one *child, from io.Reader, prefix string) {
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadString('\n')
		if line = strings.TrimSuffix(line, "\n"); line != "" {
			if !strings.HasPrefix(line, "chandy: hint: ") {
				one.last = line
			}
			u.mu.Lock()
			fmt.Fprintf(u.stderr, "%s%s\n", prefix, line)
			u.mu.Unlock()
		}
		if err != nil {
			return
		}
	}
}

// prefix stands before the lines of a child, all of one width, in colour on a
// terminal.
func (u *upper) prefix(i int, id snapshot.ProcessID) string {
	width := 0
	for _, p := range u.cluster.Processes {
		width = max(width, len(p.ID))
	}
	text := fmt.Sprintf("%-*s | ", width, id)
	if isTerminal(u.stderr) {
		colours := []int{36, 33, 32, 35, 34, 31}
		text = fmt.Sprintf("\x1b[%dm%s\x1b[0m", colours[i%len(colours)], text)
	}
	return text
}

// failure says how a child ended that was not asked to.
func (c *child) failure() error {
	code, how := exitUnknown, "ended by itself"
	var exit *exec.ExitError
	if errors.As(c.err, &exit) {
		how = "ended: " + exit.String()
		if exit.ExitCode() == exitUsage {
			code = exitUsage
		}
	}
	return fail(code, "", "the node of %s %s; its last words: %s", c.id, how, c.last)
}
