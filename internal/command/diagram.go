package command

import (
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
	"chandy/internal/diagram"
	"chandy/snapshot"
)

// drawing is a form in which diagram draws, by flag.
type drawing struct {
	flag, usage string
	write       func(io.Writer, *diagram.Story) error
	pair        func(io.Writer, *diagram.Pair) error // nil if the form cannot show two snapshots
}

var drawings = []drawing{
	{"svg", "write one SVG file (the default)", drawSVG, drawPairSVG},
	{"html", "write one HTML page, to point, search and filter in", diagram.HTML, diagram.PairHTML},
	{"text", "draw up to 8 processes for a terminal", diagram.Terminal, diagram.PairTerminal},
	{"dot", "write the channels, with what is in flight, for Graphviz", func(w io.Writer, s *diagram.Story) error { return diagram.DotSnapshot(w, s.Document) }, nil},
	{"shiviz", "write a log with vector clocks for ShiViz", diagram.ShiViz, nil},
	{"perfetto", "write a trace with flow arrows for ui.perfetto.dev", diagram.Perfetto, nil},
}

func drawSVG(w io.Writer, s *diagram.Story) error    { return diagram.SVG(w, s.Layout()) }
func drawPairSVG(w io.Writer, p *diagram.Pair) error { return diagram.SVG(w, p.Layout()) }

func (e *env) diagram() *cli.Command {
	flags := append(snapFlags(), &cli.StringFlag{Name: "o", Usage: "FILE: write to FILE, as HTML if its name ends in .html or .htm"})
	for _, d := range drawings {
		flags = append(flags, &cli.BoolFlag{Name: d.flag, Usage: d.usage})
	}
	flags = append(flags,
		&cli.BoolFlag{Name: "journal", Value: true, Usage: "draw the messages before and after the cut too, if SNAP is now; --journal=false does not"},
		&cli.StringSliceFlag{Name: "process", Usage: "ID: draw process ID too, although it has no message in flight; repeatable"},
		&cli.StringFlag{Name: "show", Usage: "EXPR: show of each state what EXPR says, in the language of jq (default: its first plain fields)"},
		&cli.StringFlag{Name: "events", Usage: "N: draw at most N events, the ones nearest to the cut (default: as many as can be told apart)"})
	return &cli.Command{
		Name:      "diagram",
		Usage:     "draw a snapshot: the cut, and the messages that cross it",
		ArgsUsage: "[SNAP | A B]",
		Flags:     flags,
		CustomHelpTemplate: `usage: chandy diagram [flags] [SNAP | A B]

Draws a space-time diagram of a snapshot. Each process has a line, and time runs to
the right. The cut is a straight line: what stands left of it happened before the
recordings, and every message in flight crosses it from left to right. In a wrong
cut a message that crosses it the other way is red and dashed. Below stand bars that
say which process was last, and why.

Of two snapshots, A and B, the older one first, it draws both side by side and marks
what changed: the states, and what is in flight. What is equal is pale. It compares
them as chandy diff does. A and B are each a SNAP.

` + snapArgument + `
A snapshot of the running cluster has the messages before and after the cut too, and so
has one that initiate took with --journal. From 12 processes on, only the ones with
a message in flight are drawn, and the one that was last. Of two snapshots, these are
the ones that changed or have a message in flight.

{flags}

exit codes: 0 drawn; 2 bad usage or configuration, SNAP is not a snapshot, or FILE
cannot be created; 3 nobody answered, FILE could not be written to its end, or A or
B is inconsistent.

examples:
  chandy diagram -o cut.svg
  chandy diagram -o both.html before.json now
`,
		Action: func(c *cli.Context) error {
			if err := arguments(c, 0, 2, "SNAP"); err != nil {
				return err
			}
			return e.draw(c, c.Args().Slice())
		},
	}
}

// form returns the form that the flags ask for, else the one of the file name.
func form(c *cli.Context) (form drawing, err error) {
	for _, d := range drawings {
		if !c.Bool(d.flag) {
			continue
		}
		if form.flag != "" {
			return form, fail(exitUsage, "", "--%s and --%s ask for two forms", form.flag, d.flag)
		}
		form = d
	}
	file := c.String("o")
	extension := strings.ToLower(filepath.Ext(file))
	if filepath.Base(file) == extension {
		extension = "" // such as .cut
	}
	named, known := map[string]drawing{".svg": drawings[0], ".html": drawings[1], ".htm": drawings[1]}[extension]
	switch {
	case form.flag == "" && known:
		return named, nil
	case form.flag == "" && extension == "":
		return drawings[0], nil
	case form.flag == "":
		return form, fail(exitUsage, "use .svg or .html, or a flag such as --svg or --text", "-o %s: %s names no form", file, extension)
	case known && named.flag != form.flag:
		return form, fail(exitUsage, "", "-o %s and --%s ask for two forms", file, form.flag)
	}
	return form, nil
}

// draw draws the snapshot that the arguments name, or two.
func (e *env) draw(c *cli.Context, names []string) error {
	form, err := form(c)
	if err != nil {
		return err
	}
	if len(names) == 2 && form.pair == nil {
		return fail(exitUsage, "two snapshots can be drawn with --svg, --html and --text", "--%s has no form for two snapshots", form.flag)
	}
	if len(names) == 2 && c.IsSet("events") {
		return fail(exitUsage, "", "--events is for one snapshot: the events of two are not drawn")
	}
	options, err := e.diagramOptions(c, form.flag)
	if err != nil {
		return err
	}
	to, err := e.destination(c.String("o"), false)
	if err != nil {
		return err
	}
	defer to.drop()
	if len(names) == 2 {
		err = e.drawPair(c, to, form, names, options)
	} else {
		err = e.drawOne(c, to, form, c.Args().First(), options)
	}
	if err != nil {
		return err
	}
	if err := to.finish(); err != nil {
		return fail(exitUnknown, "", "%w", err)
	}
	return nil
}

// diagramOptions reads the flags that say what is drawn.
func (e *env) diagramOptions(c *cli.Context, flag string) (o diagram.Options, err error) {
	for _, id := range c.StringSlice("process") {
		o.Asked = append(o.Asked, snapshot.ProcessID(id))
	}
	if text := strings.TrimSpace(c.String("events")); text != "" {
		if o.EventsMax, err = strconv.Atoi(text); err != nil || o.EventsMax < 1 || o.EventsMax > diagram.EventsMost {
			return o, fail(exitUsage, "", "--events must be a number from 1 to %d, not %q", diagram.EventsMost, text)
		}
	}
	if flag == "text" {
		if to := c.String("o"); to == "" || to == "-" {
			o.Columns = cmdline.Width(e.Stdout)
		}
		o.LanesMax = diagram.TerminalLanes(o.Columns)
	}
	return o, nil
}
