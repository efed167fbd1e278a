package command

import (
	"time"

	"github.com/urfave/cli/v2"
)

func unknownCommand(name string) error {
	return fail(exitUsage, "chandy help lists the commands", "unknown command %q", name)
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
