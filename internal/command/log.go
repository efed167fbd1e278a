package command

import (
	"io"
	"os"
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

// logger returns the logger that the flags of a command ask for.
func (e *env) logger(c *cli.Context) (zerolog.Logger, error) {
	level, err := zerolog.ParseLevel(c.String("log-level"))
	if err != nil || level == zerolog.NoLevel {
		return zerolog.Nop(), fail(exitUsage, "the levels are trace, debug, info, warn, error and disabled", "unknown log level %q", c.String("log-level"))
	}
	var out io.Writer
	switch format := c.String("log-format"); {
	case format == "json", format == "auto" && !isTerminal(e.stderr):
		out = e.stderr
	case format == "console", format == "auto":
		out = zerolog.ConsoleWriter{Out: e.stderr, TimeFormat: "15:04:05.000", NoColor: !isTerminal(e.stderr)}
	default:
		return zerolog.Nop(), fail(exitUsage, "the formats are auto, console and json", "unknown log format %q", format)
	}
	zerolog.TimeFieldFormat = time.RFC3339Nano
	zerolog.ErrorFieldName = "err"
	return zerolog.New(out).Level(level).With().Timestamp().Logger(), nil
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
