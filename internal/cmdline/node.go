package cmdline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"

	"chandy/internal/config"
	"chandy/program"
)

// Node is a node that listens already.
type Node interface {
	Addr() net.Addr
	Run(context.Context) error
	StopNow()
}

// NodeOptions is what a command line says about a node.
type NodeOptions struct {
	Cluster *config.Cluster
	Process config.Process
	Program program.Program
	// NewProgram makes another instance of the program.
	NewProgram func() (program.Program, error)
	Log        zerolog.Logger
	Listen     string // empty means the address of the process
	Restore    string // the saved snapshot from which the cluster starts; empty means none
}

// Host makes the node of one process. It stands between this package and the packages
// above it, which have the programs and the sockets.
type Host struct {
	// Program makes the program of a process, without starting it.
	Program func(*config.Cluster, config.Process) (program.Program, error)
	// Node makes the node, which listens when Node returns.
	Node func(NodeOptions) (Node, error)
}

// nodeHelp is the help of a node, for the words that run it, such as "chandy node".
func nodeHelp(words string) string {
	return `usage: ` + words + ` [flags] ID

Runs the node of process ID until SIGINT, SIGTERM or SIGHUP. The nodes of a cluster
can be started in any order. Each logs on stderr when all its channels are up.

With recovery, the node saves a snapshot before it stops, for at most stop_timeout of
the cluster file, and the other nodes are held until it is back. A second signal, or
SIGUSR2, stops it at once.

{flags}

exit codes: 0 stopped by a signal or the end of stdin; 2 bad usage or
configuration, or could not start; 3 stopped by an error.

example:
  ` + words + ` p1
`
}

// StopNow is the signal at which a node stops without saving a snapshot first.
const StopNow = syscall.SIGUSR2

// NoSaveFlag returns the flag of commands that stop nodes.
func NoSaveFlag() cli.Flag {
	return &cli.BoolFlag{Name: "no-save", Usage: "with recovery, stop without saving a snapshot first"}
}

// NodeCommand returns the command that runs a node of the host. The user types words
// for it, such as "chandy node".
func (e *Env) NodeCommand(words string, host Host) *cli.Command {
	return &cli.Command{
		Name:      "node",
		Usage:     "run the node of one process of the cluster file",
		ArgsUsage: "ID",
		Flags: []cli.Flag{
			ClusterFlag(),
			&cli.StringFlag{Name: "listen", Usage: "ADDRESS: listen on this host:port, not on the address in the file; 0.0.0.0:PORT listens on all addresses of this machine"},
			&cli.StringFlag{Name: "restore", Usage: "SNAP: wait for all processes, and start from the saved snapshot SNAP: an id, a name or latest. Start all nodes with it"},
			&cli.BoolFlag{Name: "until-eof", Usage: "stop at the end of stdin too, so that the node does not outlive the program that holds the other end of the pipe"},
			NoSaveFlag(),
			LogFormatFlag("F: console, json, or auto (default): console on a terminal, else json"),
			LogLevelFlag(),
		},
		CustomHelpTemplate: nodeHelp(words),
		Before:             e.StartLog,
		Action: OnProcess("ID", func(c *cli.Context, cluster *config.Cluster, p config.Process) error {
			return e.runNode(c, NodeOptions{Cluster: cluster, Process: p, Log: e.Log, Listen: c.String("listen"), Restore: c.String("restore")}, host)
		}),
	}
}

// NodeApp returns an app that is nothing but a node of the host.
func (e *Env) NodeApp(host Host) *cli.App {
	node := e.NodeCommand(e.Name, host)
	CompleteHelp(node)
	app := e.App(node.CustomHelpTemplate)
	app.Flags = append(app.Flags, node.Flags...)
	app.Before, app.Action = node.Before, node.Action
	return app
}

func (e *Env) runNode(c *cli.Context, o NodeOptions, host Host) error {
	if c.IsSet("listen") {
		if err := o.Cluster.CheckAddress(o.Listen); err != nil {
			return Fail(ExitUsage, "", "--listen %w", err)
		}
	}
	id, path := string(o.Process.ID), o.Cluster.Path
	var err error
	o.NewProgram = func() (program.Program, error) { return host.Program(o.Cluster, o.Process) }
	if o.Program, err = o.NewProgram(); err != nil {
		if f := (*Failure)(nil); errors.As(err, &f) {
			return err
		}
		return FailList(ExitUsage, "", ErrorLines(err), "program of %s in %s:", id, path)
	}
	n, err := listen(c.Context, e.Log, id, func() (Node, error) { return host.Node(o) })
	switch {
	case c.Context.Err() != nil && n == nil:
		return nil // stopped before it listened
	case Unresolved(err):
		return Fail(ExitUsage, "check the name, or give an address of this machine with --listen", "%w", err)
	case errors.Is(err, syscall.EADDRINUSE):
		return Fail(ExitUsage, fmt.Sprintf("is the node of %s running already? if not, give it another address in %s", id, path), "%w", err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return Fail(ExitUsage, "this machine does not have the address: give one that it has with --listen", "%w", err)
	case err != nil:
		return Fail(ExitUsage, "", "%w", err)
	}
	e.Log.Info().Str("process", id).Str("address", n.Addr().String()).Str("cluster", o.Cluster.Name).Str("program", o.Process.Program.Kind).Msg("node started")
	ctx := c.Context
	if c.Bool("until-eof") {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		go func() {
			io.Copy(io.Discard, e.Stdin)
			cancel()
		}()
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		// The garbage collector needs about as much as is in use.
		debug.SetMemoryLimit(2 * int64(o.Cluster.Limits.Memory))
	}
	now, ignore := signal.NotifyContext(context.Background(), StopNow)
	defer ignore()
	defer context.AfterFunc(now, n.StopNow)()
	if o.Cluster.Recovers() {
		if c.Bool("no-save") {
			defer context.AfterFunc(ctx, n.StopNow)()
			ctx = context.WithoutCancel(ctx)
		} else {
			defer context.AfterFunc(e.Again(), n.StopNow)()
		}
	}
	if err := n.Run(ctx); err != nil {
		var advice interface{ Hint() string }
		hint := ""
		if errors.As(err, &advice) {
			hint = advice.Hint()
		}
		return Fail(ExitUnknown, hint, "%s stopped: %w", id, err)
	}
	e.Log.Info().Str("process", id).Msg("node stopped")
	return nil
}
