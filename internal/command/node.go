package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"syscall"

	"github.com/urfave/cli/v2"

	"chandy/internal/bundled"
	"chandy/internal/config"
	"chandy/netnode"
)

func (e *env) node() *cli.Command {
	return &cli.Command{
		Name:  "node",
		Flags: append(logFlags(), clusterFlag(), &cli.StringFlag{Name: "listen"}, &cli.BoolFlag{Name: "until-eof"}),
		CustomHelpTemplate: `usage: chandy node [flags] ID

Runs the node of process ID until SIGINT, SIGTERM or SIGHUP. The nodes of a cluster
can be started in any order. Each logs on stderr when all its channels are up.

      --cluster FILE     the cluster file
      --listen ADDRESS   listen on this host:port, not on the address in the file
      --until-eof        stop at the end of stdin too, so that the node does not
                         outlive the program that holds the other end of the pipe
      --log-format F     console, json, or auto (default): console on a terminal,
                         else json
      --log-level L      trace, debug, info (default), warn, error or disabled

exit codes: 0 stopped by a signal or the end of stdin; 2 bad usage or
configuration, or could not start; 3 stopped by an error.

example:
  chandy node p1
`,
		Before: e.startLog,
		Action: onProcess("ID", e.runNode),
	}
}

func (e *env) runNode(c *cli.Context, cluster *config.Cluster, p config.Process) error {
	listen := c.String("listen")
	if c.IsSet("listen") {
		if err := cluster.CheckAddress(listen); err != nil {
			return fail(exitUsage, "", "--listen %w", err)
		}
	}
	hosted, err := bundled.New(cluster, p)
	if err != nil {
		return failList(exitUsage, "", errorLines(err), "program of %s in %s:", p.ID, cluster.Path)
	}
	n, err := netnode.New(netnode.Options{Cluster: cluster, ID: p.ID, Program: hosted, Log: e.log, Listen: listen})
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fail(exitUsage, fmt.Sprintf("is the node of %s running already? if not, give it another address in %s", p.ID, cluster.Path), "%w", err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fail(exitUsage, "this machine does not have the address: give one that it has with --listen", "%w", err)
	case err != nil:
		return fail(exitUsage, "", "%w", err)
	}
	e.log.Info().Str("process", string(p.ID)).Str("address", n.Addr().String()).Str("cluster", cluster.Name).Str("program", p.Program.Kind).Msg("node started")
	ctx := c.Context
	if c.Bool("until-eof") {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		go func() {
			io.Copy(io.Discard, e.stdin)
			cancel()
		}()
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		// The garbage collector needs about as much as is in use.
		debug.SetMemoryLimit(2 * int64(cluster.Limits.Memory))
	}
	if err := n.Run(ctx); err != nil {
		return fail(exitUnknown, "", "%s stopped: %w", p.ID, err)
	}
	e.log.Info().Str("process", string(p.ID)).Msg("node stopped")
	return nil
}
