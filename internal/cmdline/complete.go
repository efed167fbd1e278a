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
	AtFiles  = Candidate{Word: ":@files"} // @ and a file; printed only if the word begins with @
	Programs = Candidate{Word: ":programs"}
)

// Line is the part of a command line before the word under the cursor.
type Line struct {
	Command   string
	Cluster   string // value of --cluster
	Arguments []string
	Ended     bool // by --, after which there are no flags

	flag string // its value comes next; empty for none
}

// completed returns the words of a command line that shall be completed, the one under the
// cursor last.
func completed(args []string) (words []string, ok bool) {
	last := len(args) - 1
	if last < 1 || args[last] != completeFlag {
		return nil, false
	}
	for i, word := range args[1:last] {
		switch {
		case word == "=": // bash makes it a word of its own, and @ too
		case i > 0 && args[i] == "@":
			words[len(words)-1] += word
		default:
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
		known := c == Files || c == Programs || c == AtFiles && strings.HasPrefix(word, "@")
		if known || strings.HasPrefix(c.Word, word) {
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
	line.Command = name
	if flag, _, found := strings.Cut(word, "="); found && !line.Ended && strings.HasPrefix(word, "-") {
		all := values(flags, flag, line)
		for i := range all {
			if all[i] == Files { // the shell removes the flag
				continue
			}
			all[i].Word = flag + "=" + all[i].Word
		}
		return all
	}
	switch {
	case line.flag != "":
		return values(flags, line.flag, line)
	case strings.HasPrefix(word, "-") && !line.Ended && len(line.Arguments) == 0:
		return flagCandidates(flags, word)
	case e.Arguments == nil:
		return nil
	}
	all := e.Arguments(line)
	if len(all) == 0 && len(line.Arguments) == 0 && !line.Ended {
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
func values(flags []cli.Flag, flag string, line Line) []Candidate {
	name := strings.TrimLeft(flag, "-")
	switch name {
	case "log-level":
		return words("trace", "debug", "info", "warn", "error", "disabled")
	case "log-format":
		return words("auto", "console", "json")
	}
	kind := ""
	if d, ok := find(flags, name).(cli.DocGenerationFlag); ok {
		kind, _ = placeholder(d)
	}
	switch kind {
	case "FILE", "DIR":
		return []Candidate{Files}
	case "ID":
		return Processes(line.Cluster)
	}
	return nil
}

func words(all ...string) (candidates []Candidate) {
	for _, word := range all {
		candidates = append(candidates, Candidate{Word: word})
	}
	return candidates
}

// Processes returns the ids of a cluster file, as far as it can be read.
func Processes(file string) (all []Candidate) {
	cluster := CompletedCluster(file)
	if cluster == nil {
		return nil
	}
	for _, id := range cluster.IDs() {
		all = append(all, Candidate{Word: string(id)})
	}
	return all
}

// CompletedCluster reads the cluster file of a command line that is completed. It returns nil
// if it cannot be read. A file that is no regular one, such as a pipe, is left alone.
func CompletedCluster(file string) *config.Cluster {
	path := config.Find(file)
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	cluster, err := config.Load(path)
	if err != nil {
		return nil
	}
	return cluster
}

func parseLine(flags []cli.Flag, before []string) (l Line) {
	for i := 0; i < len(before); i++ {
		word := before[i]
		switch {
		case l.Ended || !strings.HasPrefix(word, "-") || word == "-" || len(l.Arguments) > 0:
			l.Arguments = append(l.Arguments, word)
		case word == "--":
			l.Ended = true
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
				l.Cluster = value
			}
		}
	}
	return l
}

func takesValue(flags []cli.Flag, name string) bool {
	flag := find(flags, name)
	_, isBool := flag.(*cli.BoolFlag)
	return flag != nil && !isBool
}

// find returns the flag with a name, or nil.
func find(flags []cli.Flag, name string) cli.Flag {
	i := slices.IndexFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	if i < 0 {
		return nil
	}
	return flags[i]
}
