package command

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
	"chandy/internal/config"
	"chandy/snapshot"
	"chandy/wire"
)

func (e *env) status() *cli.Command {
	return &cli.Command{
		Name:  "status",
		Usage: "show processes, channels and snapshots in progress",
		Flags: []cli.Flag{
			clusterFlag(),
			&cli.BoolFlag{Name: "json", Usage: "print JSON (chandy/status.v1) instead of tables"},
			&cli.BoolFlag{Name: "wide", Usage: "print everything about both ends of each channel"},
			&cli.BoolFlag{Name: "watch", Usage: "print it again every second until Ctrl-C: in place on a terminal, else one line each time"},
		},
		CustomHelpTemplate: `usage: chandy status [flags]

Asks every process for its status and prints three things:

- each process: whether it answers, and if not, why; "starting" is one whose child has
  not answered init or topology yet; MEMORY is how many bytes of messages and states
  its node holds;
- each channel: whether it is up and since when, and if not, why; how many messages
  were sent and received, and how many are in flight;
- each snapshot in progress, and what it waits for.

{flags}

exit codes: 0 all processes and channels are up; 1 not all are; 2 bad usage or
configuration, or the cluster file is not that of the nodes; 3 no process answered.
With --watch: 0 stopped by a signal.

example:
  chandy status --json | jq -r '.processes[] | select(.reachable | not) | .process'
`,
		Action: onCluster(func(c *cli.Context, cluster *config.Cluster) error {
			print := statusPrinter{env: e, wide: c.Bool("wide"), json: c.Bool("json")}
			if c.Bool("watch") {
				return print.watch(c.Context, asker{cluster})
			}
			s := asker{cluster}.statuses(c.Context)
			if err := print.all(e.Stdout, cmdline.Width(e.Stdout), s); err != nil {
				return err
			}
			return s.verdict()
		}),
	}
}

// clusterStatus is chandy/status.v1.
type clusterStatus struct {
	Format  string `json:"format"`
	Cluster string `json:"cluster"`
	// Fingerprint is that of the cluster file. Every process that answers has the same.
	Fingerprint string             `json:"fingerprint"`
	Up          bool               `json:"up"` // all processes, ready, and all channels
	Processes   []processStatus    `json:"processes"`
	channels    []snapshot.Channel // of the cluster file, sorted
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
	s := clusterStatus{Format: "chandy/status.v1", Cluster: a.cluster.Name, Fingerprint: a.cluster.Fingerprint(), Up: true, Processes: make([]processStatus, len(a.cluster.Processes)), channels: a.cluster.Channels()}
	var asked sync.WaitGroup
	for i, p := range a.cluster.Processes {
		asked.Go(func() { s.Processes[i] = a.statusOf(ctx, p) })
	}
	asked.Wait()
	slices.SortFunc(s.channels, snapshot.Channel.Compare)
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

// state returns the state of a process in one word.
func (p processStatus) state() string {
	switch {
	case p.Reachable && p.Status.Preparing != "":
		return "starting"
	case p.Reachable:
		return "up"
	case isRefusal(p.err):
		return "refused"
	case isBusy(p.err):
		return "busy"
	}
	return "unreachable"
}

// startHint returns the hint if no process is reachable.
func (s clusterStatus) startHint() string {
	elsewhere := func(p processStatus) bool { return !config.IsLoopback(p.Address) }
	if slices.ContainsFunc(s.Processes, elsewhere) {
		return "are the nodes running? chandy node ID starts one, on the host that has its address"
	}
	return "are the nodes running? chandy up starts them all"
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
	return fail(exitUnknown, s.startHint(), "no process answered")
}
