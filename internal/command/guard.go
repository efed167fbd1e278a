package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
	"chandy/internal/config"
	"chandy/internal/question"
)

const (
	// exitTimeout is the exit code of guard when the time of its command has run out, as of
	// timeout(1).
	exitTimeout = 124
	// exitSignal plus the number of a signal is the exit code when the signal has ended the
	// command, as in a shell.
	exitSignal = 128
)

func (e *env) guard() *cli.Command {
	flags := append(watchFlags(),
		clusterFlag(),
		&cli.StringFlag{Name: "keep", Usage: "FILE: write the snapshot to FILE (default: chandy-guard-ID.json)"},
		&cli.StringFlag{Name: "timeout", Usage: "D: end COMMAND after D: with SIGTERM, and 5 s later with SIGKILL"},
		&cli.BoolFlag{Name: "up", Usage: "start the cluster in the background first, and stop it afterwards"},
		stateDirFlag())
	return &cli.Command{
		Name:      "guard",
		Usage:     "run a command, and take a snapshot when it fails",
		ArgsUsage: "-- COMMAND...",
		Flags:     append(flags, questionFlags()...),
		CustomHelpTemplate: `usage: chandy guard [flags] -- COMMAND [ARGUMENT...]

Runs a command, such as a test or a load, beside the running cluster. It takes a
snapshot when the command fails, when its time runs out, and when it is interrupted
by Ctrl-C. The snapshot goes to a file, which is named on stderr: the state of
everything when the test failed. Stdin and stdout are the command's.

With questions, guard watches the cluster meanwhile, as chandy watch does, and once
more when the command has ended. The first snapshot that answers one goes to the file
instead. The command runs on.

EXPR is an expression in the language of jq, with words about the snapshot: chandy
help assert lists them.

{flags}

exit codes: 0 the command ended with 0 and no question found anything; 1 a question
found something; 2 bad usage or configuration, or the command cannot be started;
3 a question could not be answered of the last snapshot, or of any; or interrupted.
If the command fails, its own code; 128+N if
signal N ended it; 124 if its time ran out.

example:
  chandy guard --up --while 'total(.balance; .amount) == 3000' -- sleep 3
`,
		Before: func(c *cli.Context) error {
			e.RunsOn(c, func(int) {}) // SIGHUP interrupts it too
			return nil
		},
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return fail(exitUsage, "usage: chandy guard [flags] -- COMMAND [ARGUMENT...]", "guard: COMMAND is missing")
			}
			cluster, err := cmdline.LoadCluster(c)
			if err != nil {
				return err
			}
			if err := checkClient(cluster); err != nil { // else a failure after hours has no snapshot
				return err
			}
			return e.runGuard(c, cluster)
		},
	}
}

func (e *env) runGuard(c *cli.Context, cluster *config.Cluster) (err error) {
	w, err := e.watcher(c, e.initiator(cluster))
	if err != nil {
		return err
	}
	defer w.ask.close()
	g := &guarded{watcher: w, keep: c.String("keep")}
	if c.IsSet("timeout") {
		if g.limit, err = duration(c, "timeout", 0); err != nil {
			return err
		}
	}
	args := c.Args().Slice()
	g.cmd = exec.Command(args[0], args[1:]...)
	g.cmd.Stdin, g.cmd.Stdout, g.cmd.Stderr = e.Stdin, os.Stdout, os.Stderr
	if g.group = !cmdline.IsTerminal(e.Stdin); g.group {
		g.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	}
	if g.cmd.Err != nil {
		return fail(exitUsage, "", "guard: %w", g.cmd.Err)
	}
	if c.Bool("up") {
		down, err := e.upForGuard(c, cluster)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, down()) }()
	}
	return g.run(c.Context)
}

// guarded is a command that is guarded.
type guarded struct {
	*watcher
	cmd   *exec.Cmd
	group bool          // see signal
	limit time.Duration // of the command; 0 means no limit
	keep  string        // where the snapshot goes; empty means a name with its id
}

// killAfter is how long the command has between SIGTERM and SIGKILL.
const killAfter = 5 * time.Second

// ending says how a command came to its end.
type ending int

const (
	endedByItself ending = iota
	endedByTimeout
	endedBySignal
)

// run runs the command and returns the error of guard.
func (g *guarded) run(ctx context.Context) error {
	if err := g.cmd.Start(); err != nil {
		return fail(exitUsage, "", "guard: start the command: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- g.cmd.Wait() }()
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	found := make(chan *witness, 1)
	go func() { found <- g.watchMeanwhile(watching) }()

	how, err := g.await(ctx, ended)
	stop()
	finding := <-found
	if finding == nil && how == endedByItself && err == nil && len(g.all) > 0 {
		finding = g.say(g.look(ctx)) // once more, now that the command is done
	}
	switch {
	case finding != nil: // it is written already
	case how == endedByTimeout:
		g.takeOne(ctx, fmt.Sprintf("the time of the command ran out after %v", g.limit))
	case how == endedBySignal:
		g.takeOne(ctx, "interrupted")
	case err != nil:
		g.takeOne(ctx, "the command failed: "+err.Error())
	}
	if how != endedByItself {
		err = g.kill(ended)
	}
	return g.outcome(how, err, finding)
}

// await returns how the command came to its end, and its error if it came by itself.
func (g *guarded) await(ctx context.Context, ended <-chan error) (ending, error) {
	var timeUp <-chan time.Time
	if g.limit > 0 {
		timer := time.NewTimer(g.limit)
		defer timer.Stop()
		timeUp = timer.C
	}
	select {
	case err := <-ended:
		return endedByItself, err
	case <-timeUp:
		return endedByTimeout, nil
	case <-ctx.Done():
		return endedBySignal, nil
	}
}

// watchMeanwhile asks the questions, if there are any, until one is answered or ctx is done.
func (g *guarded) watchMeanwhile(ctx context.Context) *witness {
	if len(g.all) == 0 {
		return nil
	}
	return g.say(g.watcher.run(ctx))
}

// say prints why a snapshot ends the watch, if it is non-nil, and writes it to the file. It
// returns its argument.
func (g *guarded) say(finding *witness) *witness {
	if finding != nil {
		for _, line := range finding.why {
			printLine(g.Stderr, "chandy: %s", line)
		}
		g.write(finding.snap)
	}
	return finding
}

// takeOne takes a snapshot for a reason, and writes it to the file. That it cannot be taken
// does not change how guard ends.
func (g *guarded) takeOne(ctx context.Context, why string) {
	printLine(g.Stderr, "chandy: %s", why)
	s, err := g.initiator.now(context.WithoutCancel(ctx), g.timeout)
	if err != nil {
		printLine(g.Stderr, "chandy: no snapshot: %s", strings.Join(errorTexts(err), "; "))
		return
	}
	g.write(s)
}

// write writes a snapshot to the file and names it on stderr.
func (g *guarded) write(s snap) {
	file := g.keep
	if file == "" {
		file = "chandy-guard-" + s.report.ID + ".json"
	}
	to, err := createFile(file)
	if err == nil {
		defer to.drop()
		if err = s.write(to); err == nil {
			err = to.finish()
		}
	}
	if err != nil {
		printLine(g.Stderr, "chandy: the snapshot could not be written: %v", err)
		return
	}
	printLine(g.Stderr, "chandy: the snapshot (%s) is in %s", s.report.Status, file)
}

// kill ends the command, which runs on, and returns how it ended.
func (g *guarded) kill(ended <-chan error) error {
	g.signal(syscall.SIGTERM)
	select {
	case err := <-ended:
		return err
	case <-time.After(killAfter):
		g.signal(syscall.SIGKILL)
		return <-ended
	}
}

// signal sends a signal to the command and to what it has started, such as the programs of a
// shell script. On a terminal the command has no process group of its own, because only the
// group of guard may read from the terminal. Then the signal goes to the command alone.
func (g *guarded) signal(s syscall.Signal) {
	if g.group {
		syscall.Kill(-g.cmd.Process.Pid, s)
		return
	}
	g.cmd.Process.Signal(s)
}

// outcome returns the error of guard. The command's own failure outweighs what was found.
func (g *guarded) outcome(how ending, err error, finding *witness) error {
	var exit *exec.ExitError
	switch {
	case how == endedBySignal:
		return &failure{Code: exitUnknown}
	case how == endedByTimeout:
		return &failure{Code: exitTimeout}
	case errors.As(err, &exit):
		if status := exit.Sys().(syscall.WaitStatus); status.Signaled() {
			return &failure{Code: exitSignal + int(status.Signal())}
		}
		return &failure{Code: exit.ExitCode()}
	case err != nil:
		return fail(exitUnknown, "", "guard: %w", err)
	case finding != nil && finding.outcome == question.No:
		return errNo
	case finding != nil:
		return nil
	}
	// What cannot be told now that the command has ended was not guarded to its end.
	if why := g.lastUnknown(); len(why) > 0 {
		return failList(exitUnknown, "", why, "cannot tell of the last snapshot:")
	}
	switch verdict, reasons := g.ranOut(); verdict {
	case question.No:
		printLine(g.Stderr, "chandy: --until was not true of any snapshot")
		return errNo
	case question.Unknown:
		return failList(exitUnknown, "", reasons, "cannot tell:")
	}
	return nil
}

// upForGuard starts the nodes of the cluster in the background. The function down stops them.
func (e *env) upForGuard(c *cli.Context, cluster *config.Cluster) (down func() error, err error) {
	dir, err := findStateDir(c)
	if err != nil {
		return nil, err
	}
	if err := checkPrograms(cluster); err != nil {
		return nil, err
	}
	if err := checkBinaries(cluster); err != nil {
		return nil, err
	}
	l := launcher{env: e, cluster: cluster, flags: []string{"--log-format", "console", "--log-level", "info"}, next: "chandy logs" + sameNodes(c) + " prints what they say", same: sameNodes(c)}
	if err := l.detach(c.Context, dir); err != nil {
		return nil, err
	}
	return e.stopper(c, dir).stopAll, nil
}
