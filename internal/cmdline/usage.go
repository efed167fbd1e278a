package cmdline

import (
	"regexp"
	"strings"

	"chandy/internal/config"

	"github.com/urfave/cli/v2"
)

// UsageError rewrites the library's error about a flag in our words.
func UsageError(c *cli.Context, err error, _ bool) error {
	text := flagError(err.Error())
	hint := c.App.Name + " --help lists the flags"
	switch {
	case label(c) != "":
		hint = c.App.Name + " help " + c.Command.Name + " lists the flags"
	case len(c.App.Commands) > 0:
		hint = "flags go after the command: " + c.App.Name + " COMMAND [flags] [arguments]"
	}
	if name, unknown := strings.CutPrefix(text, unknownFlag); unknown && c.Command != nil {
		var known []string
		for _, flag := range c.Command.VisibleFlags() {
			known = append(known, flag.Names()[0])
		}
		hint = DidYouMean(name, known, "--", hint)
	}
	return Fail(ExitUsage, hint, "%s%s", label(c), text)
}

// DidYouMean returns a hint with the known name that is nearest to an unknown one, after
// the prefix, if one is near.
func DidYouMean(unknown string, known []string, prefix, hint string) string {
	if best := config.Suggest(unknown, known); best != "" {
		return "did you mean " + prefix + best + "? " + hint
	}
	return hint
}

// label returns how an error about the command begins. The name of the program stands
// before every error already, so the label is empty in an app without commands.
func label(c *cli.Context) string {
	if c.Command == nil || c.Command.Name == "" || c.Command.Name == c.App.Name {
		return ""
	}
	return c.Command.Name + ": "
}

// unknownFlag begins our error for a flag that the command does not have.
const unknownFlag = "unknown flag --"

// flagErrors maps the texts of package flag to ours. Package flag always writes one
// dash.
var flagErrors = []struct {
	theirs *regexp.Regexp
	ours   string
}{
	{regexp.MustCompile(`^flag provided but not defined: -(.*)$`), unknownFlag + `$1`},
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

// Arguments checks that there are at least least arguments and, if most >= 0, at most
// most. It also refuses a flag after an argument, which the library takes for an
// argument. The string what names the arguments.
func Arguments(c *cli.Context, least, most int, what string) error {
	usage, _, _ := strings.Cut(c.Command.CustomHelpTemplate, "\n") // how each help begins
	args := c.Args().Slice()
	if len(args) < least {
		return Fail(ExitUsage, usage, "%s%s is missing", label(c), what)
	}
	for _, arg := range args[min(least, len(args)):] {
		if strings.HasPrefix(arg, "-") && arg != "-" {
			return Fail(ExitUsage, "flags go before arguments; "+usage, "%sflag %s after an argument", label(c), arg)
		}
	}
	if most >= 0 && len(args) > most {
		return Fail(ExitUsage, usage, "%stoo many arguments: %s", label(c), strings.Join(args[most:], " "))
	}
	return nil
}
