package command

import (
	"encoding/json"
	"os"
	"regexp"
	"strconv"

	"github.com/urfave/cli/v2"

	"chandy/internal/bench"
	"chandy/internal/cmdline"
)

func (e *env) bench() *cli.Command {
	return &cli.Command{
		Name:  "bench",
		Usage: "measure channels and snapshots on this machine",
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "runs", Usage: "N: measure each side N times, 1 to 1000 (default: 5)", Value: 5},
			&cli.StringFlag{Name: "only", Usage: "REGEXP: measure only the benchmarks whose name matches"},
			&cli.BoolFlag{Name: "json", Usage: "print a list of {\"name\", \"value\", \"unit\", \"reference\", \"ratio\", \"runs\"}; reference and ratio are 0 if there is no reference"},
			&cli.BoolFlag{Name: "list", Usage: "list the benchmarks and measure nothing"},
			&cli.StringFlag{Name: "peer", Hidden: true},
			&cli.BoolFlag{Name: "quick", Hidden: true}, // for tests
		},
		CustomHelpTemplate: `usage: chandy bench [flags]

Measures channels and snapshots on loopback, next to a minimal implementation
without chandy: a plain framed TCP stream, or a bare skeleton of a snapshot. The
figures are medians. Compare ratios, not figures from different machines. All
benchmarks together take about fifteen minutes; run nothing else meanwhile.

{flags}

exit codes: 0 measured; 2 bad usage; 3 could not measure, or interrupted.

example:
  chandy bench --only 'snapshot/idle/(3|10)$'
`,
		Action: func(c *cli.Context) error {
			if err := arguments(c, 0, 0, ""); err != nil {
				return err
			}
			if c.IsSet("peer") {
				return bench.Peer(c.Context, c.String("peer"), e.Stdin, e.Stdout)
			}
			chosen, err := e.benchmarks(c)
			if err != nil {
				return err
			}
			if c.Bool("list") {
				for _, b := range chosen {
					printLine(e.Stdout, "%s", b.Name)
					printLine(e.Stdout, "    %s", b.About)
				}
				return nil
			}
			return e.measure(c, chosen)
		},
	}
}

func (e *env) benchmarks(c *cli.Context) ([]bench.Benchmark, error) {
	only, err := regexp.Compile(c.String("only"))
	if err != nil {
		return nil, fail(exitUsage, "", "--only: %w", err)
	}
	if n := c.Int("runs"); n < 1 || n > 1000 {
		return nil, fail(exitUsage, "", "--runs must be from 1 to 1000, not %d", n)
	}
	var chosen []bench.Benchmark
	for _, b := range bench.Benchmarks() {
		if only.MatchString(b.Name) {
			chosen = append(chosen, b)
		}
	}
	if len(chosen) == 0 {
		return nil, fail(exitUsage, "chandy bench --list lists the benchmarks", "no benchmark has a name that matches %q", c.String("only"))
	}
	return chosen, nil
}

func (e *env) measure(c *cli.Context, chosen []bench.Benchmark) error {
	self, err := os.Executable()
	if err != nil {
		return fail(exitUnknown, "", "find our own executable, to start it a second time: %w", err)
	}
	line := e.progress()
	defer line.clear()
	o := bench.Options{
		Runs: c.Int("runs"), Quick: c.Bool("quick"), Self: []string{self, "bench", "--peer"},
		Progress: func(text string) { line.say("%s", text) },
		Skipped: func(text string) {
			line.clear()
			printLine(e.Stderr, "chandy: skipped: %s", text)
		},
	}
	results := []bench.Result{} // not nil, so that JSON has [] if there are none
	for _, b := range chosen {
		some, err := b.Run(c.Context, o)
		if err != nil {
			if c.Context.Err() != nil {
				return fail(exitUnknown, "", "interrupted")
			}
			return failList(exitUnknown, "", cmdline.ErrorLines(err), "%s:", b.Name)
		}
		results = append(results, some...)
	}
	line.clear()
	if c.Bool("json") {
		encoder := json.NewEncoder(e.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(results)
	}
	table := newTable(e.Stdout, "NAME", "VALUE", "REFERENCE", "UNIT", "RATIO")
	for _, r := range results {
		reference, ratio := "-", "-"
		if r.Reference != 0 {
			reference, ratio = number(r.Reference), strconv.FormatFloat(r.Ratio, 'f', 2, 64)
		}
		table.row(r.Name, number(r.Value), reference, r.Unit, ratio)
	}
	table.flush()
	return nil
}

// number formats a figure with three significant digits, or as a whole number from
// 1000 on.
func number(f float64) string {
	if f >= 1000 {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	return strconv.FormatFloat(f, 'g', 3, 64)
}
