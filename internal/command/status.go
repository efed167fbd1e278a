package command

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"chandy/internal/config"
	"chandy/snapshot"
	"chandy/wire"
)

func (e *env) status() *cli.Command {
	return &cli.Command{
		Name:  "status",
		Flags: []cli.Flag{clusterFlag(), &cli.BoolFlag{Name: "json"}},
		CustomHelpTemplate: `usage: chandy status [flags]

Asks every process for its status and prints three things:

- each process: whether it answers, and if not, why;
- both ends of each channel: whether it is up and since when, how many messages were
  sent, acknowledged, have arrived and were received, and how many wait in the
  sender's outbox and the receiver's inbox;
- each snapshot in progress, and what it waits for.

      --cluster FILE   the cluster file
      --json           print JSON (chandy/status.v1) instead of tables

exit codes: 0 all processes and channels are up; 1 not all are; 2 bad usage or
configuration, or the cluster file is not that of the nodes; 3 no process answered.

example:
  chandy status --json | jq -r '.processes[] | select(.reachable | not) | .process'
`,
		Action: onCluster(func(c *cli.Context, cluster *config.Cluster) error {
			s := asker{cluster}.statuses(c.Context)
			if !c.Bool("json") {
				e.printStatus(s)
			} else if err := e.printStatusJSON(s); err != nil {
				return err
			}
			return s.verdict()
		}),
	}
}

// clusterStatus is chandy/status.v1.
type clusterStatus struct {
	Format    string          `json:"format"`
	Cluster   string          `json:"cluster"`
	Up        bool            `json:"up"` // all processes and all channels
	Processes []processStatus `json:"processes"`
}

// processStatus is the status of one process. Status is nil, and Error says why, if
// the process is not reachable.
type processStatus struct {
	Process   snapshot.ProcessID  `json:"process"`
	Address   string              `json:"address"`
	Reachable bool                `json:"reachable"`
	Error     string              `json:"error,omitempty"`
	Status    *wire.ProcessStatus `json:"status"`
	err       error               // why it is not reachable
}

// statuses asks all processes at once.
func (a asker) statuses(ctx context.Context) clusterStatus {
	s := clusterStatus{Format: "chandy/status.v1", Cluster: a.cluster.Name, Up: true, Processes: make([]processStatus, len(a.cluster.Processes))}
	var asked sync.WaitGroup
	for i, p := range a.cluster.Processes {
		asked.Go(func() { s.Processes[i] = a.statusOf(ctx, p) })
	}
	asked.Wait()
	slices.SortFunc(s.Processes, func(a, b processStatus) int { return strings.Compare(string(a.Process), string(b.Process)) })
	for _, p := range s.Processes {
		s.Up = s.Up && p.Reachable && p.Status.Up()
	}
	return s
}

func (a asker) statusOf(ctx context.Context, p config.Process) processStatus {
	one := processStatus{Process: p.ID, Address: p.Address}
	status, err := a.ask(ctx, p.ID)
	if err != nil {
		one.Error, one.err = err.Error(), err
	} else {
		one.Reachable, one.Status = true, &status
	}
	return one
}

// state returns what the table says about a process that is not reachable.
func (p processStatus) state() string {
	if isRefusal(p.err) {
		return "refused: " + p.Error
	}
	return "unreachable: " + p.Error
}

// verdict returns nil if everything is up. If no process is reachable, its error says why.
func (s clusterStatus) verdict() error {
	// first returns the first process whose error is of a sort.
	first := func(sort func(error) bool) (processStatus, bool) {
		i := slices.IndexFunc(s.Processes, func(p processStatus) bool { return sort(p.err) })
		if i < 0 {
			return processStatus{}, false
		}
		return s.Processes[i], true
	}
	if s.Up {
		return nil
	}
	if _, reachable := first(func(err error) bool { return err == nil }); reachable {
		return errNo
	}
	if p, ok := first(isRefusal); ok {
		return refused(p.Process, p.err)
	}
	if _, ok := first(isBusy); ok {
		return fail(exitUnknown, "", "no process could be asked: busy")
	}
	return fail(exitUnknown, "are the nodes running? chandy up starts them all", "no process answered")
}

func (e *env) printStatusJSON(s clusterStatus) error {
	encoder := json.NewEncoder(e.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(s)
}

func (e *env) printStatus(s clusterStatus) {
	processes := newTable(e.Stdout, "PROCESS", "ADDRESS", "STATE", "UPTIME", "PID", "INCARNATION", "PROGRAM")
	for _, p := range s.Processes {
		if p.Reachable {
			processes.row(p.Process, p.Address, "up", ago(p.Status.UptimeMS), p.Status.PID, p.Status.Incarnation, p.Status.Program)
		} else {
			processes.row(p.Process, p.Address, p.state())
		}
	}
	processes.flush()
	printExact(e.Stdout, "\n")
	e.printChannels(s)
	e.printSnapshots(s)
}

// printChannels prints a line for each end of a channel at a reachable process.
func (e *env) printChannels(s clusterStatus) {
	out := newTable(e.Stdout, "CHANNEL", "SENDER", "SINCE", "SENT", "ACKED", "OUTBOX", "RECONNECTS", "RESENT", "VIOLATIONS", "RESETS", "DISCARDED", "LAST ERROR")
	for _, p := range s.Processes {
		if p.Status == nil {
			continue
		}
		for _, o := range p.Status.Outgoing {
			out.row(snapshot.Channel{From: p.Process, To: o.To}, upOrDown(o.Up), ago(o.SinceMS), o.Sent, o.Acked, queue(o.Outbox),
				o.Reconnects, o.Resent, o.Violations, o.Resets, o.Discarded, lastError(o.LinkStatus))
		}
	}
	out.flush()
	printExact(e.Stdout, "\n")
	in := newTable(e.Stdout, "CHANNEL", "RECEIVER", "SINCE", "ARRIVED", "RECEIVED", "INBOX", "RECONNECTS", "DUPLICATES", "VIOLATIONS", "RESETS", "DISCARDED", "LAST ERROR")
	for _, p := range s.Processes {
		if p.Status == nil {
			continue
		}
		for _, i := range p.Status.Incoming {
			in.row(snapshot.Channel{From: i.From, To: p.Process}, upOrDown(i.Up), ago(i.SinceMS), i.Arrived, i.Received, queue(i.Inbox),
				i.Reconnects, i.Duplicates, i.Violations, i.Resets, i.Discarded, lastError(i.LinkStatus))
		}
	}
	in.flush()
}

func (e *env) printSnapshots(s clusterStatus) {
	for _, p := range s.Processes {
		if p.Status == nil {
			continue
		}
		for _, one := range p.Status.Snapshots {
			waits := "nothing"
			if len(one.WaitsFor) > 0 {
				waits = strings.Join(one.WaitsFor, ", ")
			}
			printExact(e.Stdout, "\n")
			printLine(e.Stdout, "snapshot %s at %s, assembler %s, %v left, waits for %s", one.ID, p.Process, one.Assembler, ago(one.TimeLeftMS), waits)
		}
	}
}

func upOrDown(up bool) string {
	if up {
		return "up"
	}
	return "down"
}

func lastError(l wire.LinkStatus) string {
	if l.Error == "" {
		return "-"
	}
	return fmt.Sprintf("%s (%v ago)", l.Error, ago(l.ErrorAgoMS))
}

// queue formats the size of an outbox or an inbox: messages, and bytes if any.
func queue(q wire.Queue) string {
	if q.Messages == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%s)", q.Messages, size(q.Bytes))
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
