package command

import (
	"math"
	"slices"

	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
	"chandy/internal/saved"
)

// completions holds the completion script of each shell. A script runs the command line up
// to the cursor with --generate-bash-completion at its end, and chandy prints the words that
// may stand under the cursor, one a line, each with a tab and what it is about. :files,
// :@files and :programs stand for what the shell knows itself. Bash usually takes @ for a
// word of its own if a name follows it. A word that has quotes or a $ is not
// evaluated: the shells hand it over as it was typed.
var completions = map[string]string{
	"bash": `_chandy() {
    local cur=${COMP_WORDS[COMP_CWORD]} word at IFS=$'\n'
    COMPREPLY=()
    [ "$cur" = "=" ] && cur=
    while IFS= read -r word; do
        word=${word%%$'\t'*}
        case $word in
        :files) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- "$cur")) ;;
        :@files)
            [[ $cur = @* ]] && at=@ || at=
            [ "$cur" = "@" ] || compopt -o filenames 2>/dev/null # or readline writes \@
            COMPREPLY+=($(compgen -P "$at" -f -- "${cur#@}"))
            ;;
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
        :files) compset -P '-*='; _files ;;
        :@files) compset -P @; _files ;;
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
            case ':@files'
                printf '@%s\n' (__fish_complete_path (string sub -s 2 -- (commandline -ct)))
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

// snapPlaces holds which arguments of a command are a SNAP: from the first number up to the
// second, which is not included.
var snapPlaces = map[string][2]int{
	"show": {0, 1}, "diagram": {0, 2}, "query": {1, math.MaxInt}, "assert": {1, 2}, "diff": {0, 2}, "verify": {0, math.MaxInt},
}

// completeArguments returns the function that completes the arguments of a command.
func completeArguments(app func() *cli.App) func(cmdline.Line) []cmdline.Candidate {
	return func(line cmdline.Line) (all []cmdline.Candidate) {
		n := len(line.Arguments)
		snaps := snapPlaces[line.Command]
		switch {
		case line.Command == "guard", line.Command == "try":
			return programWords(line)
		case n >= snaps[0] && n < snaps[1]:
			all = []cmdline.Candidate{{Word: now, About: "take a snapshot"}, {Word: "-", About: "stdin"}, cmdline.Files}
			return append(all, savedWords(line.Cluster)...)
		case line.Command == "call" && n == 1:
			return []cmdline.Candidate{cmdline.AtFiles}
		case n > 0:
			return nil
		}
		switch line.Command {
		case "node", "call", "logs":
			return cmdline.Processes(line.Cluster)
		case "remove":
			return savedWords(line.Cluster)
		case "restore":
			return append([]cmdline.Candidate{cmdline.Files}, savedWords(line.Cluster)...)
		case "validate", "cert":
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

// savedWords returns the names and the ids of the saved snapshots of a cluster file, the newest
// first. A shell gets only what can be one.
func savedWords(file string) (all []cmdline.Candidate) {
	cluster := cmdline.CompletedCluster(file)
	if cluster == nil {
		return nil
	}
	entries, _ := storeOf(cluster).List() // without a store there are none
	for _, e := range slices.Backward(entries) {
		if saved.CheckID(e.ID) != nil {
			continue
		}
		if saved.CheckName(e.Name) == nil {
			all = append(all, cmdline.Candidate{Word: e.Name, About: string(e.ID)})
		}
		all = append(all, cmdline.Candidate{Word: string(e.ID), About: string(e.State)})
	}
	if len(all) > 0 {
		all = append([]cmdline.Candidate{{Word: latest, About: "the newest saved snapshot"}}, all...)
	}
	return all
}

// programWords returns the candidates for a program and its arguments. Before -- there are
// none, so that the flags are completed.
func programWords(line cmdline.Line) []cmdline.Candidate {
	switch {
	case len(line.Arguments) > 0:
		return []cmdline.Candidate{cmdline.Files}
	case line.Ended:
		return []cmdline.Candidate{cmdline.Programs, cmdline.Files}
	}
	return nil
}
