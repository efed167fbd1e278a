package command

import (
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
)

// The help, the completion and the man page have the same texts, from one source.
func TestEachCommandAndFlagHasAUsage(t *testing.T) {
	app := newApp(&cmdline.Env{Name: "chandy"})
	var grouped []string
	for _, g := range groups {
		grouped = append(grouped, g.commands...)
	}
	for _, c := range app.VisibleCommands() {
		help := c.CustomHelpTemplate
		if c.Usage == "" || !strings.Contains(app.CustomAppHelpTemplate, c.Usage+"\n") {
			t.Errorf("%s: got the usage %q, want one that stands in the help", c.Name, c.Usage)
		}
		if !slices.Contains(grouped, c.Name) {
			t.Errorf("%s: got no group, want one", c.Name)
		}
		first := strings.TrimSpace("usage: chandy " + c.Name)
		if !strings.HasPrefix(help, first) || strings.Contains(help, "{") && strings.Contains(help, "flags}") {
			t.Errorf("%s: got the help\n%s\nwant it to begin with %q, with its flags", c.Name, help, first)
		}
		for _, flag := range c.Flags {
			d := flag.(cli.DocGenerationFlag)
			if v, ok := flag.(cli.VisibleFlag); ok && !v.IsVisible() || flag.Names()[0] == "help" {
				continue
			}
			value, text, found := strings.Cut(d.GetUsage(), ": ")
			if d.GetUsage() == "" || d.TakesValue() && (!found || value != strings.ToUpper(value) || text == "") {
				t.Errorf("%s: flag %s: got the usage %q, want what it does, after VALUE: if it takes one", c.Name, flag.Names()[0], d.GetUsage())
			}
			if !strings.Contains(help, "-"+flag.Names()[0]) {
				t.Errorf("%s: flag %s: got a help without it", c.Name, flag.Names()[0])
			}
		}
		for line := range strings.Lines(help) {
			if len([]rune(line)) > 90 {
				t.Errorf("%s: got a line of %d characters in the help, want at most 89: %s", c.Name, len([]rune(line))-1, line)
			}
		}
	}
}
