package command

import (
	"time"

	"chandy/internal/cmdline"

	"github.com/urfave/cli/v2"
)

func unknownCommand(c *cli.Context, name string) error {
	var known []string
	for _, one := range c.App.Commands {
		known = append(known, one.Name)
	}
	return fail(exitUsage, cmdline.DidYouMean(name, known, "", "chandy help lists the commands"), "unknown command %q", name)
}

// duration parses a duration flag, or returns def if the flag is absent. It replaces
// the library's bare "parse error".
func duration(c *cli.Context, flag string, def time.Duration) (time.Duration, error) {
	if !c.IsSet(flag) {
		return def, nil
	}
	text := c.String(flag)
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Millisecond || d > 24*time.Hour {
		return 0, fail(exitUsage, "", "--%s must be a duration from 1ms to 24h, such as 500ms or 10s, not %q", flag, text)
	}
	return d, nil
}
