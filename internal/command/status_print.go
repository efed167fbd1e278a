package command

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"chandy/internal/cert"
	"chandy/wire"
)

// statusPrinter prints the status of a cluster as the flags ask for.
type statusPrinter struct {
	*env
	wide, json bool
}

// all prints a status to out. Lines have at most width columns, or no limit if width is 0.
func (p statusPrinter) all(out io.Writer, width int, s clusterStatus) error {
	if p.json {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(s)
	}
	t := tables{out: out, width: width}
	if p.wide {
		t.wideProcesses(s)
	} else {
		t.processes(s)
	}
	t.printed = true
	if p.wide {
		t.wideChannels(s)
	} else {
		t.channels(s)
	}
	t.snapshots(s)
	t.history(s)
	if p.wide {
		printExact(out, "\n")
		printLine(out, "cluster %s, fingerprint of the file %s", s.Cluster, s.Fingerprint)
	}
	return nil
}

// tables prints tables of the same width, with an empty line before each but the first.
type tables struct {
	out     io.Writer
	width   int
	printed bool // a table has been printed
}

func (t tables) table(header ...any) *table {
	one := newTable(t.out, header...)
	one.width, one.apart = t.width, t.printed
	return one
}

func (t tables) processes(s clusterStatus) {
	table := t.table("PROCESS", "ADDRESS", "STATE", "UPTIME", "PID", "MEMORY", "PROGRAM")
	eachProcess(table, s, func(p processStatus) []any {
		return []any{ago(p.Status.UptimeMS), p.Status.PID, size(p.Status.Memory.Used), p.Status.Program}
	})
}

// eachProcess prints a row for each process. The cells of a process that answers follow its
// name, address and state.
func eachProcess(t *table, s clusterStatus, cells func(processStatus) []any) {
	for _, p := range s.Processes {
		if !p.Reachable {
			t.row(p.Process, p.Address, p.state())
			t.note("%s", p.Error)
			continue
		}
		t.row(append([]any{p.Process, p.Address, p.state()}, cells(p)...)...)
		if p.Status.Preparing != "" {
			t.note("%s", p.Status.Preparing)
		}
		if warning := certificateWarning(p.Status.Certificate); warning != "" {
			t.note("%s", warning)
		}
	}
	t.flush()
}

// certificateWarning returns a line about a certificate that ends soon or has ended, or an
// empty text.
func certificateWarning(c *wire.CertificateStatus) string {
	switch {
	case c == nil || c.LeftMS >= float64(cert.WarnBefore.Milliseconds()):
		return ""
	case c.LeftMS < 0:
		return fmt.Sprintf("its certificate has ended at %s: peers and clients refuse its next connections", c.EndsAt)
	}
	return fmt.Sprintf("its certificate ends in %v, at %s", milliseconds(c.LeftMS).Round(time.Minute), c.EndsAt)
}

// channels prints a line for each channel with an end at a reachable process.
func (t tables) channels(s clusterStatus) {
	table := t.table("CHANNEL", "STATE", "SINCE", "SENT", "RECEIVED", "IN FLIGHT")
	for _, c := range s.joined() {
		if c.sender == nil && c.receiver == nil {
			continue
		}
		table.row(c.Channel, upOrDown(c.up()), ago(c.since()), c.sent(), c.received(), c.inFlightText())
		for _, end := range c.ends() {
			if !end.Up && end.Error != "" {
				table.note("%s: %s (%v ago)", end.at, end.Error, ago(end.ErrorAgoMS))
			}
			if end.Resets > 0 {
				table.note("%s: %s, %s discarded", end.at, count(int(end.Resets), "reset", "resets"), count(int(end.Discarded), "message", "messages"))
			}
			if end.Violations > 0 {
				table.note("%s: %s of the protocol by the peer", end.at, count(int(end.Violations), "violation", "violations"))
			}
		}
	}
	table.flush()
}

func (t tables) snapshots(s clusterStatus) {
	for _, p := range s.Processes {
		if p.Status == nil {
			continue
		}
		for _, one := range p.Status.Snapshots {
			printExact(t.out, "\n")
			printLine(t.out, "%s", snapshotLine(p, one))
		}
	}
}

func snapshotLine(p processStatus, one wire.SnapshotStatus) string {
	waits := "nothing"
	if len(one.WaitsFor) > 0 {
		waits = strings.Join(one.WaitsFor, ", ")
	}
	return fmt.Sprintf("snapshot %s at %s, assembler %s, %v left, waits for %s", one.ID, p.Process, one.Assembler, ago(one.TimeLeftMS), waits)
}

func size(bytes int) string {
	switch {
	case bytes < 1<<10:
		return fmt.Sprintf("%d B", bytes)
	case bytes < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(bytes)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
}

// ago rounds a time for people, to about three digits.
func ago(ms float64) time.Duration {
	d := milliseconds(ms)
	switch {
	case d < time.Second:
		return d
	case d < time.Minute:
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Second)
}
