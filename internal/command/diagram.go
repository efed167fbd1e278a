package command

import (
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"chandy/internal/diagram"
	"chandy/internal/question"
	"chandy/snapshot"
)

// drawings are the forms in which diagram draws, by flag.
var drawings = []struct {
	flag, usage string
	write       func(io.Writer, *diagram.Story) error
}{
	{"svg", "write one SVG file (the default)", drawSVG},
	{"html", "write one HTML page, to point, search and filter in", drawHTML},
	{"text", "draw up to 8 processes for a terminal", diagram.Terminal},
	{"dot", "write the channels, with what is in flight, for Graphviz", func(w io.Writer, s *diagram.Story) error { return diagram.DotSnapshot(w, s.Document) }},
	{"shiviz", "write a log with vector clocks for ShiViz", diagram.ShiViz},
	{"perfetto", "write a trace with flow arrows for ui.perfetto.dev", diagram.Perfetto},
}

func drawSVG(w io.Writer, s *diagram.Story) error  { return diagram.SVG(w, s.Layout()) }
func drawHTML(w io.Writer, s *diagram.Story) error { return diagram.HTML(w, s) }

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
		ArgsUsage: "[SNAP]",
		Flags:     flags,
		CustomHelpTemplate: `usage: chandy diagram [flags] [SNAP]

Draws a space-time diagram of a snapshot. Each process has a line, and time runs to
the right. The cut is a straight line: what stands left of it happened before the
recordings, and every message in flight crosses it from left to right. In a wrong
cut a message that crosses it the other way is red and dashed. Below stand bars that
say which process was last, and why.

` + snapArgument + `
A snapshot of the running cluster has the messages before and after the cut too, and so
has one that initiate took with --journal. From 12 processes on, only the ones with
a message in flight are drawn.

{flags}

exit codes: 0 drawn; 2 bad usage or configuration, or SNAP is not a snapshot;
3 nobody answered, or FILE could not be written.

example:
  chandy diagram -o cut.svg
`,
		Action: func(c *cli.Context) error {
			if err := arguments(c, 0, 1, "[SNAP]"); err != nil {
				return err
			}
			return e.draw(c, c.Args().First())
		},
	}
}

// drawing returns the form that the flags ask for.
func drawing(c *cli.Context) (write func(io.Writer, *diagram.Story) error, flag string, err error) {
	for _, d := range drawings {
		if !c.Bool(d.flag) {
			continue
		}
		if flag != "" {
			return nil, "", fail(exitUsage, "", "--%s and --%s ask for two forms", flag, d.flag)
		}
		write, flag = d.write, d.flag
	}
	if flag != "" {
		return write, flag, nil
	}
	switch filepath.Ext(c.String("o")) {
	case ".html", ".htm":
		return drawHTML, "html", nil
	}
	return drawSVG, "svg", nil
}

// draw draws the snapshot that name names.
func (e *env) draw(c *cli.Context, name string) error {
	write, flag, err := drawing(c)
	if err != nil {
		return err
	}
	options, err := diagramOptions(c, flag)
	if err != nil {
		return err
	}
	to, err := e.destination(c.String("o"), false)
	if err != nil {
		return err
	}
	defer to.drop()
	s, err := e.oneSnap(c, name)
	if err != nil {
		return err
	}
	d, err := diagram.Read(s.text)
	if err != nil {
		return fail(exitUsage, "", "%s: %w", s.name, err)
	}
	for _, id := range options.Asked {
		if d.Process(id) == nil && !slices.ContainsFunc(d.Missing, func(m snapshot.Missing) bool { return m.Process == id }) {
			return fail(exitUsage, "", "%s has no process %s", s.name, id)
		}
	}
	if !s.report.Consistent() {
		printLine(e.Stderr, "chandy: %s is inconsistent: %s", s.name, s.report.Faults[0])
		for _, f := range s.report.Faults {
			options.Faults = append(options.Faults, f.String())
		}
	}
	if options.States, err = e.showLines(c, s); err != nil {
		return err
	}
	if a := question.Stalled(d.Global); a.Verdict == question.Yes {
		options.Waits = append(options.Waits, "stalled: "+a.Witness[0])
	}
	for _, w := range question.Waits(d.Global) {
		if text := string(w.From) + " waits for " + string(w.For); !slices.Contains(options.Waits, text) {
			options.Waits = append(options.Waits, text)
		}
	}
	if err := write(to, diagram.NewStory(d, options)); err != nil {
		return fail(exitUnknown, "", "%w", err)
	}
	if err := to.finish(); err != nil {
		return fail(exitUnknown, "", "%w", err)
	}
	return nil
}

// diagramOptions reads the flags that say what is drawn.
func diagramOptions(c *cli.Context, flag string) (o diagram.Options, err error) {
	for _, id := range c.StringSlice("process") {
		o.Asked = append(o.Asked, snapshot.ProcessID(id))
	}
	if text := strings.TrimSpace(c.String("events")); text != "" {
		if o.EventsMax, err = strconv.Atoi(text); err != nil || o.EventsMax < 1 || o.EventsMax > diagram.EventsMost {
			return o, fail(exitUsage, "", "--events must be a number from 1 to %d, not %q", diagram.EventsMost, text)
		}
	}
	if flag == "text" {
		o.LanesMax = diagram.TerminalLanes
	}
	return o, nil
}
