package command

import (
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"chandy/internal/diagram"
	"chandy/internal/question"
	"chandy/snapshot"
)

// pictured is a snapshot that is drawn.
type pictured struct {
	snap
	*diagram.Document
}

// picture reads a snapshot, and adds to the options what a picture says about it.
func (e *env) picture(c *cli.Context, name string, options diagram.Options) (p pictured, o diagram.Options, err error) {
	if p.snap, err = e.oneSnap(c, name); err != nil {
		return p, options, err
	}
	if p.Document, err = diagram.Read(p.text); err != nil {
		return p, options, fail(exitUsage, "", "%s: %w", p.name, err)
	}
	for _, f := range p.report.Faults {
		options.Faults = append(options.Faults, f.String())
	}
	if options.States, err = e.showLines(c, p.snap); err != nil {
		return p, options, err
	}
	if a := question.Stalled(p.Global); a.Verdict == question.Yes {
		options.Waits = append(options.Waits, "stalled: "+a.Witness[0])
	}
	for _, w := range question.Waits(p.Global) {
		if text := string(w.From) + " waits for " + string(w.For); !slices.Contains(options.Waits, text) {
			options.Waits = append(options.Waits, text)
		}
	}
	return p, options, nil
}

// drawOne draws one snapshot, which may be inconsistent.
func (e *env) drawOne(c *cli.Context, to io.Writer, form drawing, name string, options diagram.Options) error {
	p, options, err := e.picture(c, name, options)
	if err != nil {
		return err
	}
	if err := hasProcesses(options.Asked, p); err != nil {
		return err
	}
	if !p.report.Consistent() {
		printLine(e.Stderr, "chandy: %s is inconsistent: %s", p.name, p.report.Faults[0])
	}
	if err := form.write(to, diagram.NewStory(p.Document, options)); err != nil {
		return fail(exitUnknown, "", "%w", err)
	}
	return nil
}

// drawPair draws two snapshots. A comparison with an inconsistent one would mean nothing.
func (e *env) drawPair(c *cli.Context, to io.Writer, form drawing, names []string, common diagram.Options) error {
	var both [2]pictured
	var options [2]diagram.Options
	for i, name := range names {
		var err error
		if both[i], options[i], err = e.picture(c, name, common); err != nil {
			return err
		}
		if err := both[i].mustBeConsistent(); err != nil {
			return err
		}
	}
	if err := hasProcesses(common.Asked, both[0], both[1]); err != nil {
		return err
	}
	if err := form.pair(to, diagram.NewPair(both[0].Document, both[1].Document, options)); err != nil {
		return fail(exitUnknown, "", "%w", err)
	}
	return nil
}

// hasProcesses returns an error if one of the processes is in none of the snapshots.
func hasProcesses(asked []snapshot.ProcessID, all ...pictured) error {
	for _, id := range asked {
		in := func(p pictured) bool { return p.Process(id) != nil || missingIn(p.Global, id) }
		if !slices.ContainsFunc(all, in) {
			if len(all) == 2 {
				return fail(exitUsage, "", "neither %s nor %s has a process %s", all[0].name, all[1].name, id)
			}
			return fail(exitUsage, "", "%s has no process %s", all[0].name, id)
		}
	}
	return nil
}
