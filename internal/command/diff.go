package command

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"chandy/internal/difference"
	"chandy/snapshot"
)

func (e *env) diff() *cli.Command {
	return &cli.Command{
		Name:      "diff",
		Usage:     "show what differs between two snapshots",
		ArgsUsage: "A B",
		Flags:     append(snapFlags(), &cli.BoolFlag{Name: "json", Usage: "print JSON (chandy/diff.v1)"}),
		CustomHelpTemplate: `usage: chandy diff [flags] A B

Compares two snapshots, the older one first. For each process it prints what
differs between the states, with JSON Pointers (RFC 6901). For each channel it
prints how many messages were sent and received between the two cuts, and what is
in flight in each, by number. Where a process was restarted in between, the
numbers began anew.

A and B are each a SNAP.
` + snapArgument + `

{flags}

exit codes: 0 equal; 1 different; 2 bad usage, or A or B is not a snapshot;
3 cannot tell, because something is missing in one of them, or one is inconsistent.

example:
  chandy initiate -o before.json; chandy diff before.json now
`,
		Action: func(c *cli.Context) error {
			if err := arguments(c, 2, 2, "A B"); err != nil {
				return err
			}
			var both [2]*snapshot.Global
			for i, name := range c.Args().Slice() {
				s, err := e.oneSnap(c, name)
				if err == nil {
					err = s.mustBeConsistent()
				}
				if err == nil {
					both[i], err = s.decode()
				}
				if err != nil {
					return err
				}
			}
			d := &differences{A: both[0].ID, B: both[1].ID, Equal: true}
			d.collect(both[0], both[1])
			if c.Bool("json") {
				encoder := json.NewEncoder(e.Stdout)
				encoder.SetIndent("", "  ")
				encoder.SetEscapeHTML(false)
				if err := encoder.Encode(d); err != nil {
					return fail(exitUnknown, "", "%w", err)
				}
			} else {
				d.print(e)
			}
			return d.outcome()
		},
	}
}

// mustBeConsistent returns an error if a comparison with the snapshot would mean nothing.
func (s snap) mustBeConsistent() error {
	if s.report.Consistent() {
		return nil
	}
	return fail(exitUnknown, "", "cannot tell: %s is inconsistent: %s", s.name, s.report.Faults[0])
}

// decode decodes a snapshot, whose text must not be modified afterwards.
func (s snap) decode() (*snapshot.Global, error) {
	g, err := snapshot.Decode(s.text)
	if err != nil {
		return nil, fail(exitUsage, "", "%s: %w", s.name, err)
	}
	return g, nil
}

// differences is the output of diff --json.
type differences struct {
	Format    string              `json:"format"`
	A         snapshot.ID         `json:"a"`
	B         snapshot.ID         `json:"b"`
	Equal     bool                `json:"equal"`
	Processes []processDifference `json:"processes"` // that differ
	Channels  []channelDifference `json:"channels"`  // that differ
	Unknown   []string            `json:"unknown"`   // what cannot be compared, for people
}

type processDifference struct {
	Process snapshot.ProcessID `json:"process"`
	Only    string             `json:"only,omitempty"` // "a" or "b": the other snapshot does not have it
	Anew    bool               `json:"began_anew,omitempty"`
	Changes []change           `json:"changes,omitempty"`
	Note    string             `json:"note,omitempty"`
}

type change struct {
	Path string          `json:"path"`
	Old  json.RawMessage `json:"old,omitempty"`
	New  json.RawMessage `json:"new,omitempty"`
}

type channelDifference struct {
	Channel  string   `json:"channel"`
	Only     string   `json:"only,omitempty"`
	Anew     bool     `json:"began_anew,omitempty"`
	Sent     *int64   `json:"sent,omitempty"` // between the cuts
	Received *int64   `json:"received,omitempty"`
	A        []uint64 `json:"in_flight_a"` // the first and the last number, or empty
	B        []uint64 `json:"in_flight_b"`
}

func (d *differences) collect(a, b *snapshot.Global) {
	d.Format = "chandy/diff.v1"
	d.Processes, d.Channels, d.Unknown = []processDifference{}, []channelDifference{}, []string{}
	missing := map[snapshot.ProcessID]bool{}
	for _, g := range []*snapshot.Global{a, b} {
		for _, m := range g.Missing {
			missing[m.Process] = true
		}
	}
	for _, m := range a.Missing {
		if m.Process != "" && missingIn(b, m.Process) {
			d.Unknown = append(d.Unknown, fmt.Sprintf("%s: its state is missing in both snapshots", m.Process))
		}
	}
	for _, p := range difference.Processes(a, b) {
		if p.Unknown != "" {
			d.Unknown = append(d.Unknown, fmt.Sprintf("%s: %s", p.ID, p.Unknown))
		}
		switch {
		case p.Where != difference.Both && missing[p.ID]:
			d.Unknown = append(d.Unknown, fmt.Sprintf("%s: its state is missing in one snapshot", p.ID))
		case p.Changed():
			d.Equal = false
			one := processDifference{Process: p.ID, Only: only(p.Where), Anew: p.Anew, Note: p.Note}
			for _, c := range p.Changes {
				one.Changes = append(one.Changes, change{c.Pointer, c.Old, c.New})
			}
			d.Processes = append(d.Processes, one)
		}
	}
	for _, c := range difference.Channels(a, b) {
		switch {
		case c.Unknown != "":
			d.Unknown = append(d.Unknown, fmt.Sprintf("%s: %s", c.Channel, c.Unknown))
		case c.Changed():
			d.Equal = false
			one := channelDifference{Channel: c.Channel.String(), Only: only(c.Where), Anew: c.Anew, A: span(c.A), B: span(c.B)}
			if c.Where == difference.Both && !c.Anew {
				one.Sent, one.Received = &c.Sent, &c.Received
			}
			d.Channels = append(d.Channels, one)
		}
	}
}

func missingIn(g *snapshot.Global, id snapshot.ProcessID) bool {
	return slices.ContainsFunc(g.Missing, func(m snapshot.Missing) bool { return m.Process == id })
}

func only(w difference.Where) string { return [...]string{"", "a", "b"}[w] }

func span(f difference.InFlight) []uint64 {
	if f.First == 0 {
		return []uint64{}
	}
	return []uint64{f.First, f.Last}
}

func (d *differences) outcome() error {
	switch {
	case !d.Equal:
		return errNo
	case len(d.Unknown) > 0:
		return failList(exitUnknown, "", d.Unknown, "cannot tell whether they are equal:")
	}
	return nil
}
