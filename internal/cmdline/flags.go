package cmdline

import (
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

const (
	flagsMark = "{flags}\n" // where the flags stand in the help of a command
	helpWidth = 80          // columns
)

// CompleteHelp writes the flags of a command into its help, where it has {flags}. So the help
// and the shell's completion have the same texts.
func CompleteHelp(c *cli.Command) {
	c.CustomHelpTemplate = strings.Replace(c.CustomHelpTemplate, flagsMark, flagLines(c.Flags), 1)
}

// flagLines returns a line, or more, for each visible flag.
func flagLines(flags []cli.Flag) string {
	var specs, texts []string
	width := 0
	for _, flag := range flags {
		d, ok := flag.(cli.DocGenerationFlag)
		if v, visible := flag.(cli.VisibleFlag); !ok || visible && !v.IsVisible() {
			continue
		}
		value, text := placeholder(d)
		spec := strings.TrimSpace(dashes(flag.Names()[0]) + " " + value)
		specs, texts = append(specs, spec), append(texts, text)
		width = max(width, len(spec))
	}
	var b strings.Builder
	for i, spec := range specs {
		line := "      " + spec + strings.Repeat(" ", width-len(spec)+2)
		for _, word := range strings.Fields(texts[i]) {
			if utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > helpWidth {
				b.WriteString(line + "\n")
				line = strings.Repeat(" ", 6+width+2)
			}
			line += " " + word
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// placeholder returns how a help calls the value of a flag, and what the flag does. The
// usage of a flag with a value begins with that name: "FILE: the cluster file".
func placeholder(flag cli.DocGenerationFlag) (value, text string) {
	if !flag.TakesValue() {
		return "", flag.GetUsage()
	}
	value, text, found := strings.Cut(flag.GetUsage(), ": ")
	if !found {
		return "", value
	}
	return value, text
}
