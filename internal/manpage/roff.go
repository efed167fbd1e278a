//go:build unix

package main

import (
	"regexp"
	"strings"
)

// flagLine matches the line of a help text that describes a flag.
var flagLine = regexp.MustCompile(`^ +(-.*?) {2,}(.+)$`)

// roff converts a help text to roff. Lines without indentation are paragraphs. The lines
// of a flag become an entry of a list. All other indented lines stay as they are.
func roff(help string) string {
	var c converter
	for line := range strings.Lines(help) {
		c.line(strings.TrimSuffix(line, "\n"))
	}
	c.become("")
	return c.String()
}

type converter struct {
	strings.Builder
	kind string // of the block that is open: "text", "flag", "code", or "" for none
}

func (c *converter) line(line string) {
	flag := flagLine.FindStringSubmatch(line)
	switch {
	case line == "":
		c.become("")
	case flag != nil:
		c.become("")
		c.become("flag")
		c.WriteString(".B " + escape(flag[1]) + "\n" + escape(flag[2]) + "\n")
	case line[0] != ' ':
		c.become("text")
		c.WriteString(escape(line) + "\n")
	case c.kind == "flag":
		c.WriteString(escape(strings.TrimSpace(line)) + "\n")
	default:
		c.become("code")
		c.WriteString(escape(line) + "\n")
	}
}

// become closes the open block, if it is of another kind, and opens one.
func (c *converter) become(kind string) {
	if c.kind == kind {
		return
	}
	if c.kind == "code" {
		c.WriteString(".fi\n")
	}
	c.WriteString(map[string]string{"": "", "text": ".PP\n", "flag": ".TP\n", "code": ".PP\n.nf\n"}[kind])
	c.kind = kind
}

// special are the characters that roff prints in another form than a shell needs, or
// takes for commands.
var special = strings.NewReplacer(`\`, `\e`, `-`, `\-`, `'`, `\(aq`, "`", `\(ga`, `^`, `\(ha`, `~`, `\(ti`, `"`, `\(dq`)

// escape returns a line that roff prints as it is.
func escape(line string) string {
	line = special.Replace(line)
	if strings.HasPrefix(line, ".") {
		return `\&` + line
	}
	return line
}
