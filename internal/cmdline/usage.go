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

// oneLetter matches a flag that has one dash.
var oneLetter = regexp.MustCompile(`--(\w)\b`)

func flagError(text string) string {
	for _, e := range flagErrors {
		if e.theirs.MatchString(text) {
			ours := e.theirs.ReplaceAllString(text, e.ours)
			return oneLetter.ReplaceAllString(ours, "-$1")
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
	for i, arg := range args {
		// The first arguments may begin with a dash after --, if they are no flags.
		if strings.HasPrefix(arg, "-") && arg != "-" && (i >= least || findFlag(c, arg) != nil) {
			return Fail(ExitUsage, "flags stand before arguments: "+reordered(c, args), "%sflag %s after an argument", label(c), arg)
		}
	}
	if len(args) < least {
		return Fail(ExitUsage, usage, "%s%s is missing", label(c), what)
	}
	if most >= 0 && len(args) > most {
		return Fail(ExitUsage, usage, "%stoo many arguments: %s", label(c), strings.Join(args[most:], " "))
	}
	return nil
}

// findFlag returns the flag of the command that a word names, or nil.
func findFlag(c *cli.Context, word string) cli.Flag {
	name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
	flags := c.Command.Flags
	if label(c) == "" {
		flags = c.App.Flags
	}
	return find(flags, name)
}

// reordered returns the command line with its flags before its arguments. Values that came
// before them are left out.
func reordered(c *cli.Context, args []string) string {
	words := []string{c.App.Name}
	if name := strings.TrimSuffix(label(c), ": "); name != "" {
		words = append(words, name)
	}
	var others []string
	for i := 0; i < len(args); i++ {
		if !strings.HasPrefix(args[i], "-") || args[i] == "-" {
			others = append(others, args[i])
			continue
		}
		words = append(words, args[i])
		flag := findFlag(c, args[i])
		if _, isBool := flag.(*cli.BoolFlag); flag != nil && !isBool && !strings.Contains(args[i], "=") && i+1 < len(args) {
			i++
			words = append(words, args[i])
		}
	}
	words = append(words, others...)
	for i := range words {
		words[i] = shellWord(words[i])
	}
	return strings.Join(words, " ")
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./~-]+$`)

// shellWord quotes a word for a shell, unless that is not needed. A word that no person has
// typed is cut.
func shellWord(word string) string {
	const most = 1000
	if runes := []rune(word); len(runes) > most {
		word = string(runes[:most]) + "…"
	}
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
