package command

import (
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"
)

func logFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "log-format", Value: "auto"},
		&cli.StringFlag{Name: "log-level", Value: "info"},
	}
}

// runsOn prepares a command that runs until a signal stops it, whatever becomes of its
// terminal and of the reader of stderr:
//   - The command must write to e.queue, which calls lost, and not to e.stderr.
//   - SIGPIPE is caught, so the end of the reader makes writes fail and does not kill the
//     command. It is not ignored, because the children of the command would inherit that.
//   - SIGHUP ends c.Context, unless it was ignored at the start, as under nohup. A second
//     SIGHUP has no effect: the shell and the kernel both send one when a terminal closes.
func (e *env) runsOn(c *cli.Context, lost func(lines int)) {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	if !signal.Ignored(syscall.SIGHUP) {
		c.Context, _ = signal.NotifyContext(c.Context, syscall.SIGHUP)
	}
	e.queue = newLineQueue(e.stderr, lost)
}

// startLog does runsOn, and sets e.log to the logger that the flags of the command ask
// for.
func (e *env) startLog(c *cli.Context) error {
	level, err := zerolog.ParseLevel(c.String("log-level"))
	if err != nil || level == zerolog.NoLevel {
		return fail(exitUsage, "the levels are trace, debug, info, warn, error and disabled", "unknown log level %q", c.String("log-level"))
	}
	e.runsOn(c, func(lines int) {
		e.log.Error().Int("lines", lines).Msg("log lines dropped: stderr was not read in time")
	})
	var out io.Writer
	switch format := c.String("log-format"); {
	case format == "json", format == "auto" && !isTerminal(e.stderr):
		out = jsonLog{e.queue}
	case format == "console", format == "auto":
		out = consoleLog(e.queue, isTerminal(e.stderr))
	default:
		return fail(exitUsage, "the formats are auto, console and json", "unknown log format %q", format)
	}
	zerolog.TimeFieldFormat = time.RFC3339Nano
	zerolog.ErrorFieldName = "err"
	e.log = zerolog.New(out).Level(level).With().Timestamp().Logger()
	return nil
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
