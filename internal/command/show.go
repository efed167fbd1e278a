package command

import (
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"chandy/internal/question"
	"chandy/internal/verify"
	"chandy/snapshot"
)

// views are the flags of show that print something else than JSON, in the order of output.
var views = []struct {
	flag, usage string
	view        func(*env, *snapshot.Global, *verify.Report)
}{
	{"text", "print the cut in sentences", (*env).printCut},
	{"processes", "print a table of the processes", plainView((*env).printProcesses)},
	{"channels", "print a table of the channels", plainView((*env).printChannels)},
	{"in-flight", "print a table of the messages in flight", plainView((*env).printInFlight)},
	{"waits", "print which process waits for whose answer", plainView((*env).printWaits)},
}

// plainView makes a view of a function that does not need the report of the snapshot.
func plainView(view func(*env, *snapshot.Global)) func(*env, *snapshot.Global, *verify.Report) {
	return func(e *env, g *snapshot.Global, _ *verify.Report) { view(e, g) }
}

func (e *env) show() *cli.Command {
	flags := append(snapFlags(), &cli.StringFlag{Name: "o", Usage: "FILE: write the JSON to FILE, which appears only when it is whole"})
	for _, v := range views {
		flags = append(flags, &cli.BoolFlag{Name: v.flag, Usage: v.usage})
	}
	return &cli.Command{
		Name:      "show",
		Usage:     "print a snapshot as JSON, in sentences or as tables",
		ArgsUsage: "[SNAP]",
		Flags:     flags,
		CustomHelpTemplate: `usage: chandy show [flags] [SNAP]

Prints a snapshot: as JSON, or what the flags ask for.

` + snapArgument + `

With --waits, a process waits for another if the other has received its request and
not answered it, or the request is in flight.

{flags}

exit codes: 0 printed; 2 bad usage or configuration, or SNAP is not a snapshot;
3 nobody answered, or FILE could not be written.

example:
  chandy show --text
`,
		Action: func(c *cli.Context) error {
			if err := arguments(c, 0, 1, "[SNAP]"); err != nil {
				return err
			}
			return e.showSnaps(c, c.Args().First())
		},
	}
}

func (e *env) showSnaps(c *cli.Context, name string) error {
	asJSON := true
	for _, v := range views {
		asJSON = asJSON && !c.Bool(v.flag)
	}
	to, err := e.destination(c.String("o"), false)
	if err != nil {
		return err
	}
	defer to.drop()
	err = e.snaps(c, []string{name}, func(s snap) error {
		if !s.report.Consistent() {
			printLine(e.Stderr, "chandy: %s is inconsistent: %s", s.name, s.report.Faults[0])
		}
		if asJSON || c.IsSet("o") {
			if err := s.write(to); err != nil {
				return fail(exitUnknown, "", "%w", err)
			}
		}
		if asJSON {
			return nil
		}
		g, err := s.decode()
		if err != nil {
			return err
		}
		printed := false
		for _, v := range views {
			if c.Bool(v.flag) {
				if printed {
					printExact(e.Stdout, "\n")
				}
				v.view(e, g, s.report)
				printed = true
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := to.finish(); err != nil {
		return fail(exitUnknown, "", "%w", err)
	}
	return nil
}

// rowsMax is how many rows of the messages in flight are in memory, because there may be
// millions.
const rowsMax = 1000

func (e *env) printInFlight(g *snapshot.Global) {
	t := newTable(e.Stdout, "CHANNEL", "NUMBER", "PAYLOAD")
	t.widths = []int{0, 0}
	for _, c := range g.Channels {
		if len(c.Messages) > 0 {
			t.widths[0] = max(t.widths[0], len(c.Channel.String()))
			t.widths[1] = max(t.widths[1], len(strconv.FormatUint(c.Sent, 10)))
		}
	}
	for _, c := range g.Channels {
		for _, batch := range c.Messages {
			for seq, payload := range batch.All() {
				t.row(c.Channel, seq, valueText(payload))
				if len(t.rows) > rowsMax {
					t.flush()
				}
			}
		}
	}
	t.flush()
}

func (e *env) printWaits(g *snapshot.Global) {
	t := newTable(e.Stdout, "PROCESS", "WAITS FOR", "REQUEST", "OPEN")
	for _, w := range question.Waits(g) {
		open := "in flight"
		if !w.InFlight {
			open = w.Open.Round(time.Millisecond).String()
		}
		t.row(w.From, w.For, w.Request, open)
	}
	t.flush()
}
