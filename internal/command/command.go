// Package command is the command line: one file for each subcommand. Data goes to
// stdout, everything else to stderr.
package command

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"
)

// Exit codes.
const (
	exitYes     = 0 // done, and the answer is yes
	exitNo      = 1 // done, and the answer is no
	exitUsage   = 2 // usage, bad input or bad configuration: nothing was done
	exitUnknown = 3 // could not find out
)

// Main runs the command line and returns the exit code. SIGINT or SIGTERM ends the
// command cleanly. A second one kills it.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // from now on a signal has its default effect
	out := &checkedWriter{Writer: stdout}
	e := &env{stdin: stdin, stdout: out, stderr: stderr}
	err := newApp(e).RunContext(ctx, args)
	if out.err != nil && !errors.Is(out.err, syscall.EPIPE) {
		err = fail(exitUnknown, "", "the output could not be written in full: %w", out.err)
	}
	code, text := outcome(err)
	if e.queue != nil {
		e.queue.close(text)
	} else if text != "" {
		printExact(stderr, text)
	}
	return code
}

// outcome returns the exit code for the error of a command, which may be nil, and the
// text for stderr.
func outcome(err error) (code int, text string) {
	if err == nil {
		return exitYes, ""
	}
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{code: exitUsage, err: err}
	}
	var b strings.Builder
	f.print(&b)
	return f.code, b.String()
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
	queue          *lineQueue     // before stderr, in a command that calls runsOn; else nil
	log            zerolog.Logger // set by startLog
}

func newApp(e *env) *cli.App {
	app := &cli.App{
		Name:                  "chandy",
		Version:               version(),
		HideHelpCommand:       true,
		EnableBashCompletion:  true,
		Flags:                 []cli.Flag{cli.HelpFlag}, // the library omits it in an app that has a help command of its own
		Reader:                e.stdin,
		Writer:                e.stdout,
		ErrWriter:             e.stderr,
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
	cli.VersionPrinter = func(c *cli.Context) { printLine(c.App.Writer, "chandy %s", c.App.Version) }
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
