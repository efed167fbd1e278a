package cmdline

import (
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"
)

// LogFormatFlag returns the flag for the format of the log. Its usage depends on the command.
func LogFormatFlag(usage string) cli.Flag {
	return &cli.StringFlag{Name: "log-format", Value: "auto", Usage: usage}
}

func LogLevelFlag() cli.Flag {
	return &cli.StringFlag{Name: "log-level", Value: "info", Usage: "L: trace, debug, info (default), warn, error or disabled"}
}

// RunsOn prepares a command that runs until a signal stops it, whatever becomes of its
// terminal and of the reader of stderr:
//   - The command must write to e.Queue, which calls lost, and not to e.Stderr.
//   - SIGPIPE is caught, so the end of the reader makes writes fail and does not kill the
//     command. It is not ignored, because the children of the command would inherit that.
//   - SIGHUP ends c.Context, unless it was ignored at the start, as under nohup. A second
//     SIGHUP has no effect: the shell and the kernel both send one when a terminal closes.
func (e *Env) RunsOn(c *cli.Context, lost func(lines int)) {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	if !signal.Ignored(syscall.SIGHUP) {
		c.Context, _ = signal.NotifyContext(c.Context, syscall.SIGHUP)
	}
	e.Queue = NewLineQueue(e.Stderr, lost)
}

// StartLog does RunsOn, and sets e.Log to the logger that the flags of the command ask
// for.
func (e *Env) StartLog(c *cli.Context) error {
	level, err := zerolog.ParseLevel(c.String("log-level"))
	if err != nil || level == zerolog.NoLevel {
		return Fail(ExitUsage, "the levels are trace, debug, info, warn, error and disabled", "unknown log level %q", c.String("log-level"))
	}
	e.RunsOn(c, func(lines int) {
		e.Log.Error().Int("lines", lines).Msg("log lines dropped: stderr was not read in time")
	})
	var out io.Writer
	switch format := c.String("log-format"); {
	case format == "json", format == "auto" && !IsTerminal(e.Stderr):
		out = jsonLog{e.Queue}
	case format == "console", format == "auto":
		out = ConsoleLog(e.Queue, Colours(e.Stderr))
	default:
		return UnknownLogFormat(format)
	}
	setLogKeys()
	e.Log = zerolog.New(out).Level(level).With().Timestamp().Logger()
	return nil
}

// setLogKeys sets what zerolog has for the whole program, once: several goroutines make
// logs.
var setLogKeys = sync.OnceFunc(func() {
	zerolog.TimeFieldFormat = time.RFC3339Nano
	zerolog.ErrorFieldName = "err"
})

// UnknownLogFormat returns the error for a format that does not exist.
func UnknownLogFormat(format string) error {
	return Fail(ExitUsage, "the formats are auto, console and json", "unknown log format %q", format)
}
