package command

import (
	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
)

// completions holds the completion script of each shell. A script runs the command line up
// to the cursor with --generate-bash-completion at its end, and chandy prints the words that
// may stand under the cursor, one a line, each with a tab and what it is about. :files and
// :programs stand for what the shell knows itself. A word that has quotes or a $ is not
// evaluated: the shells hand it over as it was typed.
var completions = map[string]string{
	"bash": `_chandy() {
    local cur=${COMP_WORDS[COMP_CWORD]} word IFS=$'\n'
    COMPREPLY=()
    [ "$cur" = "=" ] && cur=
    while IFS= read -r word; do
        word=${word%%$'\t'*}
        case $word in
        :files) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- "$cur")) ;;
        :programs) COMPREPLY+=($(compgen -c -- "$cur")) ;;
        *) COMPREPLY+=("$word") ;;
        esac
    done < <("${COMP_WORDS[@]:0:COMP_CWORD+1}" --generate-bash-completion 2>/dev/null)
}
complete -F _chandy chandy
`,
	"zsh": `#compdef chandy
_chandy() {
    local -a found
    local line
    for line in ${(f)"$(${words[1]} "${(@)words[2,CURRENT]}" --generate-bash-completion 2>/dev/null)"}; do
        case $line in
        :files) _files ;;
        :programs) _command_names -e ;;
        *) line=${line//:/\\:}; found+=("${line/$'\t'/:}") ;;
        esac
    done
    (( $#found )) && _describe -V chandy found
}
if [ "$funcstack[1]" = "_chandy" ]; then
    _chandy "$@"
else
    compdef _chandy chandy
fi
`,
	"fish": `function __chandy_words
    set -l words (commandline -opc) (commandline -ct)
    for line in (command $words --generate-bash-completion 2>/dev/null)
        switch $line
            case :files :programs
                __fish_complete_path (commandline -ct)
            case '*'
                echo $line
        end
    end
end
complete -c chandy -f -a '(__chandy_words)'
`,
}

func (e *env) completion() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print the completion script for bash, zsh or fish",
		ArgsUsage: "SHELL",
		CustomHelpTemplate: `usage: chandy completion bash|zsh|fish

Prints a script with which the shell completes commands, flags, process ids and files.
A package installs it as the file chandy (bash), _chandy in a directory of $fpath (zsh),
or chandy.fish.

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
	}
}

// completeArguments returns what may stand after some arguments of a command.
func completeArguments(app func() *cli.App) func(string, []string, string) []cmdline.Candidate {
	return func(command string, before []string, cluster string) (all []cmdline.Candidate) {
		switch command {
		case "verify", "diagram":
			return []cmdline.Candidate{cmdline.Files}
		case "try":
			if len(before) == 0 {
				return []cmdline.Candidate{cmdline.Programs, cmdline.Files}
			}
			return []cmdline.Candidate{cmdline.Files}
		}
		if len(before) > 0 {
			return nil
		}
		switch command {
		case "node", "call", "logs":
			return cmdline.Processes(cluster)
		case "validate":
			return []cmdline.Candidate{cmdline.Files}
		case "completion":
			return []cmdline.Candidate{{Word: "bash"}, {Word: "zsh"}, {Word: "fish"}}
		case "help":
			for _, c := range app().VisibleCommands() {
				all = append(all, cmdline.Candidate{Word: c.Name, About: c.Usage})
			}
		}
		return all
	}
}
