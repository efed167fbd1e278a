package command

import (
	"regexp"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
)

func unknownCommand(name string) error {
	return fail(exitUsage, "chandy help lists the commands", "unknown command %q", name)
}

// usageError rewrites the library's error about a flag in our words.
func usageError(c *cli.Context, err error, _ bool) error {
	text := flagError(err.Error())
	if c.Command == nil || c.Command.Name == "" || c.Command.Name == c.App.Name {
		return fail(exitUsage, "flags go after the command: chandy COMMAND [flags] [arguments]", "%s", text)
	}
	return fail(exitUsage, "chandy help "+c.Command.Name+" lists the flags", "%s: %s", c.Command.Name, text)
}

// flagErrors maps the texts of package flag to ours. Package flag always writes one
// dash.
var flagErrors = []struct {
	theirs *regexp.Regexp
	ours   string
}{
	{regexp.MustCompile(`^flag provided but not defined: -(.*)$`), `unknown flag --$1`},
	{regexp.MustCompile(`^flag needs an argument: -(.*)$`), `--$1 needs a value`},
	{regexp.MustCompile(`^invalid (?:boolean )?value (".*") for (?:flag )?-(\S*): .*$`), `--$2 cannot be $1`},
}

func flagError(text string) string {
	for _, e := range flagErrors {
		if e.theirs.MatchString(text) {
			return e.theirs.ReplaceAllString(text, e.ours)
		}
	}
	return text
}

// arguments checks that there are at least least arguments and, if most >= 0, at most
// most. It also refuses a flag after an argument, which the library takes for an
// argument. The string what names the arguments.
func arguments(c *cli.Context, least, most int, what string) error {
	name := c.Command.Name
	usage, _, _ := strings.Cut(c.Command.CustomHelpTemplate, "\n") // how each help begins
	args := c.Args().Slice()
	if len(args) < least {
		return fail(exitUsage, usage, "%s: %s is missing", name, what)
	}
	for _, arg := range args[min(least, len(args)):] {
		if strings.HasPrefix(arg, "-") && arg != "-" {
			return fail(exitUsage, "flags go before arguments; "+usage, "%s: flag %s after an argument", name, arg)
		}
	}
	if most >= 0 && len(args) > most {
		return fail(exitUsage, usage, "%s: too many arguments: %s", name, strings.Join(args[most:], " "))
	}
	return nil
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
