// Package cmdline is what every command line of chandy has: exit codes, errors with
// hints, printable output, the queue before stderr, and the command that runs a node.
// Both chandy itself and the binaries of Go programs that host themselves use it.
package cmdline

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"
)

// Exit codes.
const (
	ExitYes     = 0 // done, and the answer is yes
	ExitNo      = 1 // done, and the answer is no
	ExitUsage   = 2 // usage, bad input or bad configuration: nothing was done
	ExitUnknown = 3 // could not find out
)

// Env holds what all commands of a program share.
type Env struct {
	Name           string // of the program; its errors begin with it
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Queue          *LineQueue     // before Stderr, in a command that calls RunsOn; else nil
	Log            zerolog.Logger // set by StartLog

	// second is done at the second signal, if the command has called Again.
	second  context.Context
	expects atomic.Bool

	// Arguments completes the arguments of a command. It may be nil.
	Arguments func(Line) []Candidate
}

// secondSignal is how long after the first signal a second one has no effect. GNU timeout
// sends SIGTERM to its child and at once to the whole process group, so the child receives
// two. Nobody types Ctrl-C twice that fast.
const secondSignal = 300 * time.Millisecond

// Again returns a context that is done at the second SIGINT or SIGTERM, which then does not
// kill the command. A third one does.
func (e *Env) Again() context.Context {
	e.expects.Store(true)
	return e.second
}

// Main runs the command line of the program name and returns the exit code. SIGINT or
// SIGTERM ends the command cleanly. A second one kills it, unless it comes at once or the
// command has another use for it.
func Main(name string, app func(*Env) *cli.App, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	out := &checkedWriter{Writer: stdout}
	e := &Env{Name: name, Stdin: stdin, Stdout: out, Stderr: stderr}
	var cancel context.CancelFunc
	e.second, cancel = context.WithCancel(context.Background())
	defer cancel()
	context.AfterFunc(ctx, func() { time.AfterFunc(secondSignal, func() { e.afterFirst(stop, cancel) }) })
	if words, ok := completed(args); ok {
		e.complete(app(e), words)
		return ExitYes
	}
	err := app(e).RunContext(ctx, args)
	if unwritten := out.failed(); unwritten != nil && !errors.Is(unwritten, syscall.EPIPE) {
		err = Fail(ExitUnknown, "", "the output could not be written in full: %w", unwritten)
	}
	code, text := e.outcome(err)
	if e.Queue != nil {
		e.Queue.Close(text)
	} else if text != "" {
		PrintExact(stderr, text)
	}
	return code
}

// afterFirst is called some time after the first signal. When stop has been called, a signal
// has its default effect.
func (e *Env) afterFirst(stop, second func()) {
	if !e.expects.Load() {
		stop()
		return
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	<-signals
	second()
	time.AfterFunc(secondSignal, func() {
		signal.Stop(signals)
		stop()
	})
}

// outcome returns the exit code for the error of a command, which may be nil, and the
// text for stderr.
func (e *Env) outcome(err error) (code int, text string) {
	if err == nil {
		return ExitYes, ""
	}
	var f *Failure
	if !errors.As(err, &f) {
		f = &Failure{Code: ExitUsage, Err: err}
	}
	var b strings.Builder
	f.Print(&b, e.Name)
	return f.Code, b.String()
}

// checkedWriter keeps the first error: output that could not be written counts as no
// answer. A write may still be in progress when the command has been interrupted.
type checkedWriter struct {
	io.Writer
	mu  sync.Mutex
	err error
}

func (w *checkedWriter) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	return n, err
}

func (w *checkedWriter) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// App returns an app without commands, whose --help prints help.
func (e *Env) App(help string) *cli.App {
	cli.VersionPrinter = func(c *cli.Context) { PrintLine(c.App.Writer, "%s %s", c.App.Name, c.App.Version) }
	cli.HelpPrinter = func(_ io.Writer, text string, _ any) { e.PrintHelp(text) }
	return &cli.App{
		Name:                      e.Name,
		DisableSliceFlagSeparator: true, // a repeatable flag takes its text whole
		Version:                   version(),
		HideHelpCommand:           true,
		Flags:                     []cli.Flag{cli.HelpFlag}, // the library omits it in an app that has a help command of its own
		Reader:                    e.Stdin,
		Writer:                    e.Stdout,
		ErrWriter:                 e.Stderr,
		CustomAppHelpTemplate:     help,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              UsageError,
	}
}

// PrintHelp prints a help text. On a narrow terminal its lines are broken.
func (e *Env) PrintHelp(text string) { PrintExact(e.Stdout, Fill(text, Width(e.Stdout))) }

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
