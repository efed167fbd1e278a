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

// failure is an error with its exit code and a hint at what to do about it.
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

// errNo ends a command that has printed its answer, which is no.
var errNo = &failure{code: exitNo}

// Main runs the command line and returns the exit code. SIGINT or SIGTERM ends the
// command cleanly. A second one kills it.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // from now on a signal has its default effect
	out := &checkedWriter{Writer: stdout}
	app := newApp(stdin, out, stderr)
	err := app.RunContext(ctx, args)
	if out.err != nil && !errors.Is(out.err, syscall.EPIPE) {
		err = fail(exitUnknown, "", "the output could not be written in full: %w", out.err)
	}
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

// checkedWriter keeps the first error: output that could not be written counts as no
// answer.
type checkedWriter struct {
	io.Writer
	err error
}

func (w *checkedWriter) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

// env holds the standard streams, which all commands share.
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
		EnableBashCompletion:  true,
		Flags:                 []cli.Flag{cli.HelpFlag}, // the library omits it in an app that has a help command of its own
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
		Commands: []*cli.Command{e.node(), e.up(), e.initiate(), e.verify(), e.status(), e.call(), e.validate(), e.try(), e.bench(), e.completion(), e.help()},
	}
	cli.VersionPrinter = func(c *cli.Context) { fmt.Fprintf(c.App.Writer, "chandy %s\n", c.App.Version) }
	for _, c := range app.Commands {
		c.HideHelpCommand = true
		c.OnUsageError = usageError
		if c.BashComplete == nil {
			c.BashComplete = e.complete(c)
		}
	}
	return app
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
