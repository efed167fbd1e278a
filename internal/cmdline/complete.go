package cmdline

import (
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"chandy/internal/config"
)

// completeFlag is the last word of a command line that a shell wants to be completed. The
// word before it is the one under the cursor. Such a command line runs nothing, whatever
// stands before that.
const completeFlag = "--generate-bash-completion"

// Candidate is a word that may stand under the cursor.
type Candidate struct {
	Word  string
	About string // may be empty
}

// These words stand for what the shell itself knows.
var (
	Files    = Candidate{Word: ":files"}
	Programs = Candidate{Word: ":programs"}
)

// completed returns the words of a command line that shall be completed, the one under the
// cursor last.
func completed(args []string) (words []string, ok bool) {
	last := len(args) - 1
	if last < 1 || args[last] != completeFlag {
		return nil, false
	}
	for _, word := range args[1:last] {
		if word != "=" { // bash makes it a word of its own
			words = append(words, word)
		}
	}
	if last == 1 || args[last-1] == "=" {
		words = append(words, "")
	}
	return words, true
}

// complete prints the candidates for the last word, one a line: the word and, after a tab,
// what it is about.
func (e *Env) complete(app *cli.App, words []string) {
	before, word := words[:len(words)-1], words[len(words)-1]
	for _, c := range e.candidates(app, before, word) {
		text := c.Word
		if c.About != "" {
			text += "\t" + c.About
		}
		if c == Files || c == Programs || strings.HasPrefix(c.Word, word) {
			PrintExact(e.Stdout, text+"\n")
		}
	}
}

func (e *Env) candidates(app *cli.App, before []string, word string) []Candidate {
	flags, name := app.Flags, ""
	if len(app.Commands) > 0 {
		if len(before) == 0 {
			return append(commandCandidates(app), flagCandidates(append(flags[:len(flags):len(flags)], cli.VersionFlag), word)...)
		}
		command := app.Command(before[0])
		if command == nil {
			return nil
		}
		flags, name, before = append(command.Flags[:len(command.Flags):len(command.Flags)], cli.HelpFlag), before[0], before[1:]
	}
	line := parseLine(flags, before)
	if flag, _, found := strings.Cut(word, "="); found && !line.ended && strings.HasPrefix(word, "-") {
		all := e.values(flag, line)
		for i := range all {
			all[i].Word = flag + "=" + all[i].Word
		}
		return all
	}
	switch {
	case line.flag != "":
		return e.values(line.flag, line)
	case strings.HasPrefix(word, "-") && !line.ended && len(line.arguments) == 0:
		return flagCandidates(flags, word)
	case e.Arguments == nil:
		return nil
	}
	all := e.Arguments(name, line.arguments, line.cluster)
	if len(all) == 0 && len(line.arguments) == 0 && !line.ended {
		return flagCandidates(flags, "--")
	}
	return all
}

func commandCandidates(app *cli.App) (all []Candidate) {
	for _, c := range app.VisibleCommands() {
		all = append(all, Candidate{c.Name, c.Usage})
	}
	return all
}

// flagCandidates returns the flags, if the word begins as one.
func flagCandidates(flags []cli.Flag, word string) (all []Candidate) {
	if !strings.HasPrefix(word, "-") {
		return nil
	}
	for _, flag := range flags {
		if v, ok := flag.(cli.VisibleFlag); ok && !v.IsVisible() {
			continue
		}
		about := ""
		if d, ok := flag.(cli.DocGenerationFlag); ok {
			_, about = placeholder(d)
		}
		all = append(all, Candidate{dashes(flag.Names()[0]), about})
	}
	return all
}

// dashes returns a flag as it is typed.
func dashes(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// values returns the values of a flag.
func (e *Env) values(flag string, line line) []Candidate {
	switch strings.TrimLeft(flag, "-") {
	case "cluster", "o", "state-dir":
		return []Candidate{Files}
	case "at", "process":
		return Processes(line.cluster)
	case "log-level":
		return words("trace", "debug", "info", "warn", "error", "disabled")
	case "log-format":
		return words("auto", "console", "json")
	}
	return nil
}

func words(all ...string) (candidates []Candidate) {
	for _, word := range all {
		candidates = append(candidates, Candidate{Word: word})
	}
	return candidates
}

// Processes returns the ids of a cluster file, as far as it can be read. A file that is no
// regular one, such as a pipe, is left alone.
func Processes(file string) (all []Candidate) {
	path := config.Find(file)
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	cluster, err := config.Load(path)
	if err != nil {
		return nil
	}
	for _, id := range cluster.IDs() {
		all = append(all, Candidate{Word: string(id)})
	}
	return all
}

// line is what stands before the word under the cursor.
type line struct {
	flag      string // its value comes next; empty for none
	cluster   string // value of --cluster
	arguments []string
	ended     bool // by --, after which there are no flags
}

func parseLine(flags []cli.Flag, before []string) (l line) {
	for i := 0; i < len(before); i++ {
		word := before[i]
		switch {
		case l.ended || !strings.HasPrefix(word, "-") || word == "-" || len(l.arguments) > 0:
			l.arguments = append(l.arguments, word)
		case word == "--":
			l.ended = true
		default:
			name, value, hasValue := strings.Cut(strings.TrimLeft(word, "-"), "=")
			if !hasValue && takesValue(flags, name) {
				if i++; i == len(before) {
					l.flag = word
					return l
				}
				value = before[i]
			}
			if name == "cluster" {
				l.cluster = value
			}
		}
	}
	return l
}

func takesValue(flags []cli.Flag, name string) bool {
	i := slices.IndexFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	if i < 0 {
		return false
	}
	_, isBool := flags[i].(*cli.BoolFlag)
	return !isBool
}
