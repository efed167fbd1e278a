package command

import (
	"strings"

	"github.com/urfave/cli/v2"

	"chandy/internal/config"
)

// completions holds the completion script of each shell. A script runs the command
// line typed so far with --generate-bash-completion at its end, and chandy prints the
// words that may come next, one a line.
var completions = map[string]string{
	"bash": `_chandy() {
    local cur words
    cur=${COMP_WORDS[COMP_CWORD]}
    words=$("${COMP_WORDS[@]:0:COMP_CWORD}" ${cur:+"$cur"} --generate-bash-completion 2>/dev/null)
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$cur"))
}
complete -F _chandy chandy
`,
	"zsh": `#compdef chandy
_chandy() {
    local -a found
    local cur=${words[CURRENT]}
    found=(${(f)"$(${words[1,CURRENT-1]} ${cur:+$cur} --generate-bash-completion 2>/dev/null)"})
    compadd -- $found || _files
}
compdef _chandy chandy
`,
	"fish": `function __chandy_words
    set -l line (commandline -opc)
    set -l cur (commandline -ct)
    $line $cur --generate-bash-completion 2>/dev/null
end
complete -c chandy -a '(__chandy_words)'
`,
}

func (e *env) completion() *cli.Command {
	return &cli.Command{
		Name: "completion",
		CustomHelpTemplate: `usage: chandy completion bash|zsh|fish

Prints a script with which the shell completes commands, flags and process ids.

exit codes: 0 printed; 2 bad usage.

example:
  source <(chandy completion bash)
`,
		Action: func(c *cli.Context) error {
			if err := arguments(c, 1, 1, "SHELL"); err != nil {
				return err
			}
			script, ok := completions[c.Args().First()]
			if !ok {
				return fail(exitUsage, "the shells are bash, zsh and fish", "no completion for shell %q", c.Args().First())
			}
			printExact(e.Stdout, script)
			return nil
		},
		BashComplete: func(c *cli.Context) { printExact(e.Stdout, "bash\nzsh\nfish\n") },
	}
}

// complete prints the words that may come next in a command line: the flags of the
// command, and the ids of all processes if the command takes one.
func (e *env) complete(command *cli.Command) func(*cli.Context) {
	return func(c *cli.Context) {
		for _, flag := range command.Flags {
			printLine(e.Stdout, "--%s", flag.Names()[0])
		}
		usage, _, _ := strings.Cut(command.CustomHelpTemplate, "\n")
		if !strings.Contains(usage, " ID") || c.NArg() > 1 {
			return
		}
		cluster, err := config.Load(config.Find(c.String("cluster")))
		if err != nil {
			return
		}
		for _, id := range cluster.IDs() {
			printLine(e.Stdout, "%s", id)
		}
	}
}
