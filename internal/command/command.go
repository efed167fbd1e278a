// Package command is the command line: one file for each subcommand. Data goes to
// stdout, everything else to stderr.
package command

import (
	"io"

	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
)

// Main runs the command line and returns the exit code. SIGINT or SIGTERM ends the
// command cleanly. A second one kills it, unless it comes at once.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return cmdline.Main("chandy", newApp, args, stdin, stdout, stderr)
}

func newApp(shared *cmdline.Env) *cli.App {
	e := &env{shared}
	app := e.App("")
	app.Action = func(c *cli.Context) error {
		if c.NArg() == 0 {
			return fail(exitUsage, "chandy help lists the commands", "a command is missing")
		}
		return unknownCommand(c, c.Args().First())
	}
	app.Commands = []*cli.Command{e.node(), e.up(), e.down(), e.logs(), e.initiate(), e.show(), e.query(), e.assert(), e.watch(), e.guard(), e.diff(), e.evaluate(), e.diagram(), e.verify(), e.snapshots(), e.restore(), e.resume(), e.remove(), e.status(), e.call(), e.validate(), e.try(), e.cert(), e.bench(), e.completion(), e.help()}
	for _, c := range app.Commands {
		c.HideHelpCommand = true
		cmdline.CompleteHelp(c)
		c.OnUsageError = cmdline.UsageError
	}
	app.CustomAppHelpTemplate = appHelp(app)
	e.Arguments = completeArguments(func() *cli.App { return app })
	return app
}
