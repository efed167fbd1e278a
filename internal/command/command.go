// Package command is the command line: one file for each subcommand. Data goes to
// stdout, everything else to stderr.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"
)

// Exit codes.
const (
	exitYes     = 0 // done, and the answer is yes
	exitNo      = 1 // done, and the answer is no
	exitUsage   = 2 // usage, bad input or bad configuration: nothing was done
	exitUnknown = 3 // could not find out
)

// failure is an error with its exit code and what to do about it.
type failure struct {
	code int
	err  error
	hint string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// fail makes the error of a command. The hint may be empty.
func fail(code int, hint, format string, a ...any) error {
	return &failure{code, fmt.Errorf(format, a...), hint}
}

// errNo ends a command whose answer is no and has been given.
var errNo = &failure{code: exitNo}

// Main runs the command line and returns the exit code. SIGINT and SIGTERM end
// the command cleanly, a second one at once.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the next signal has its default effect
	app := newApp(stdin, stdout, stderr)
	err := app.RunContext(ctx, args)
	if err == nil {
		return exitYes
	}
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{code: exitUsage, err: err}
	}
	if f.err != nil {
		fmt.Fprintf(stderr, "chandy: error: %v\n", f.err)
	}
	if f.hint != "" {
		fmt.Fprintf(stderr, "chandy: hint: %s\n", f.hint)
	}
	return f.code
}

// env is what commands share.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *cli.App {
	e := &env{stdin, stdout, stderr}
	app := &cli.App{
		Name:                  "chandy",
		Version:               version(),
		HideHelpCommand:       true,
		Reader:                stdin,
		Writer:                stdout,
		ErrWriter:             stderr,
		CustomAppHelpTemplate: appHelp,
		ExitErrHandler:        func(*cli.Context, error) {},
		OnUsageError:          usageError,
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return fail(exitUsage, "chandy help lists the commands", "a command is missing")
			}
			return unknownCommand(c.Args().First())
		},
		Commands: []*cli.Command{e.node(), e.initiate(), e.verify(), e.help()},
	}
	cli.VersionPrinter = func(c *cli.Context) { fmt.Fprintf(c.App.Writer, "chandy %s\n", c.App.Version) }
	for _, c := range app.Commands {
		c.HideHelpCommand = true
		c.OnUsageError = usageError
	}
	return app
}

func unknownCommand(name string) error {
	return fail(exitUsage, "chandy help lists the commands", "unknown command %q", name)
}

func usageError(c *cli.Context, err error, _ bool) error {
	help := "chandy help"
	if c.Command != nil && c.Command.Name != "" && c.Command.Name != "chandy" {
		help += " " + c.Command.Name
	}
	text := strings.TrimPrefix(err.Error(), "flag provided but not defined: ")
	if text != err.Error() {
		text = "unknown flag " + text
	}
	return fail(exitUsage, help+" lists the flags", "%s", text)
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// arguments checks the number of arguments: least, and at most if most >= 0. The
// library takes a flag behind an argument for an argument.
func arguments(c *cli.Context, least, most int, what string) error {
	usage := "chandy " + c.Command.Name + " [flags] " + what
	if c.NArg() < least {
		return fail(exitUsage, "usage: "+usage, "%s: %s is missing", c.Command.Name, what)
	}
	args := c.Args().Slice()
	for _, arg := range args[min(least, len(args)):] {
		if strings.HasPrefix(arg, "-") && arg != "-" {
			return fail(exitUsage, "flags stand before arguments: "+strings.TrimSpace(usage), "%s: flag %s after an argument", c.Command.Name, arg)
		}
	}
	if most >= 0 && len(args) > most {
		return fail(exitUsage, strings.TrimSpace("usage: "+usage), "%s: too many arguments: %s", c.Command.Name, strings.Join(args[most:], " "))
	}
	return nil
}
