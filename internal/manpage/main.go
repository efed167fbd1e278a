//go:build unix

// Command manpage prints the manual page chandy(1). It is made of the texts that chandy
// help prints, so that there is one source for both.
//
//	go run ./internal/manpage VERSION >chandy.1
package main

import (
	"fmt"
	"os"
	"strings"

	"chandy/internal/command"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./internal/manpage VERSION")
		os.Exit(2)
	}
	text, err := page(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "manpage:", err)
		os.Exit(1)
	}
	fmt.Print(text)
}

// page returns the manual page in roff, for a version of chandy.
func page(version string) (string, error) {
	about, err := help()
	if err != nil {
		return "", err
	}
	summary, rest, _ := strings.Cut(about, "\n")
	before, usage, rest := cutUsage(rest)
	var b strings.Builder
	fmt.Fprintf(&b, ".TH CHANDY 1 \"\" \"chandy %s\"\n", escape(version))
	fmt.Fprintf(&b, ".SH NAME\nchandy \\- %s\n", escape(strings.TrimSuffix(strings.TrimPrefix(summary, "chandy "), ".")))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n.SH DESCRIPTION\n%s%s.SH COMMANDS\n", escape(usage), roff(before), roff(rest))
	names := commands(rest)
	if len(names) == 0 {
		return "", fmt.Errorf("found no list of commands in what chandy help prints:\n%s", about)
	}
	for _, name := range names {
		text, err := help(name)
		if err != nil {
			return "", err
		}
		before, usage, rest := cutUsage(text)
		fmt.Fprintf(&b, ".SS %s\n%s%s", escape(usage), roff(before), roff(rest))
	}
	return b.String(), nil
}

// help returns what chandy help prints about a command, or about chandy.
func help(about ...string) (string, error) {
	var out, failed strings.Builder
	args := append([]string{"chandy", "help"}, about...)
	if code := command.Main(args, strings.NewReader(""), &out, &failed); code != 0 {
		return "", fmt.Errorf("%s: exit code %d: %s", strings.Join(args, " "), code, failed.String())
	}
	return out.String(), nil
}

// cutUsage returns the line of the help that begins with "usage: ", and the texts before
// and after it.
func cutUsage(help string) (before, usage, after string) {
	before, after, _ = strings.Cut("\n"+help, "\nusage: ")
	usage, after, _ = strings.Cut(after, "\n")
	return before, usage, after
}

// commands returns the names in the first paragraph of the help of chandy with indented
// lines. The names of groups stand between them.
func commands(help string) (names []string) {
	for line := range strings.Lines(help) {
		switch {
		case strings.HasPrefix(line, "  "):
			names = append(names, strings.Fields(line)[0])
		case strings.TrimSpace(line) == "" && len(names) > 0:
			return names
		}
	}
	return names
}
