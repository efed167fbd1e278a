package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
	"chandy/internal/config"
	"chandy/netnode"
	"chandy/snapshot"
	"chandy/wire"
)

func (e *env) initiate() *cli.Command {
	return &cli.Command{
		Name:  "initiate",
		Usage: "take a global snapshot and print it as JSON",
		Flags: append([]cli.Flag{
			clusterFlag(),
			&cli.StringSliceFlag{Name: "at", Usage: "ID: start at this process; repeatable, the first ID assembles"},
			&cli.StringFlag{Name: "timeout", Usage: "D: print a partial snapshot after this time, such as 500ms (default: timeout in [snapshot] of the cluster file, or 10s)"},
			&cli.BoolFlag{Name: "compact", Usage: "print the JSON on one line"},
			&cli.BoolFlag{Name: "wait", Usage: "first wait until every process is ready and every channel is up; counts towards D"},
			&cli.StringFlag{Name: "o", Usage: "FILE: write the JSON to FILE, which appears only when it is whole"},
			&cli.BoolFlag{Name: "journal", Usage: "put the events round the cut into the JSON, for pictures"},
			&cli.BoolFlag{Name: "summary", Usage: "print a line for each process and channel, not the JSON"},
			&cli.BoolFlag{Name: "save", Usage: "save the snapshot too, in the store of the cluster file"},
			&cli.StringFlag{Name: "name", Usage: "NAME: save it under this name, so that it is never removed by itself"},
			&cli.BoolFlag{Name: "no-document", Usage: "with --save: print a line about what was saved, not the snapshot, which then stays at its nodes"},
			&cli.StringSliceFlag{Name: "assert", Usage: "EXPR: say too whether EXPR is true of the snapshot (chandy help assert); repeatable"},
			stableFlag(),
		}, questionFlags()...),
		CustomHelpTemplate: `usage: chandy initiate [flags]

Takes a global snapshot of the running cluster and prints it as JSON on stdout.

The snapshot starts at the first process of the cluster file that answers within a
second; this process also assembles it. Where its markers cannot reach every
process, the snapshot starts at other processes too. In such a cluster, chandy
first tries the processes that need the fewest others (see chandy validate).
Ctrl-C cancels the snapshot at all processes. The reader of stdout may be slow:
what it has not read is in memory, and beyond 64 MiB in a temporary file.

With --save each node writes its own part to the store, and the snapshot survives
the cluster. The other commands then take its id, its name, or latest.

{flags}

exit codes: 0 complete, saved if it was to be, and each EXPR is true; 1 partial,
printed as well, or not saved, or an EXPR is false; 2 bad usage or configuration, or
NAME is taken; 3 nobody answered, or was busy; interrupted; not everything was up in
time; FILE could not be written; the store could not be used; or whether an EXPR is
true cannot be told.

examples:
  chandy initiate --wait | jq '.channels[] | select(.messages != [])'
  chandy initiate --name before-upgrade --no-document
`,
		Action: onCluster(func(c *cli.Context, cluster *config.Cluster) error {
			return e.initiator(cluster).run(c)
		}),
	}
}

// initiator takes one snapshot.
type initiator struct {
	*env
	asker
	topology  *snapshot.Topology
	at        []snapshot.ProcessID
	assembler snapshot.ProcessID // set by connect
	journal   bool               // of a snapshot that now takes
}

func (e *env) initiator(cluster *config.Cluster) *initiator {
	return &initiator{env: e, asker: asker{cluster}, topology: snapshot.NewTopology(cluster.IDs(), cluster.Channels())}
}

func (i *initiator) run(c *cli.Context) error {
	timeout, err := duration(c, "timeout", i.cluster.Snapshot.Timeout)
	if err != nil {
		return err
	}
	if err := i.checkAt(c.StringSlice("at")); err != nil {
		return err
	}
	q, err := i.questions(c, c.StringSlice("assert")...)
	if err != nil {
		return err
	}
	defer q.close()
	save, err := i.saving(c)
	if err != nil {
		return err
	}
	out, err := i.destination(c.String("o"), c.Bool("summary"))
	if err != nil {
		return err
	}
	to := &captured{destination: out, most: q.captureMax()}
	defer to.drop()
	deadline := time.Now().Add(timeout)
	if c.Bool("wait") {
		if err := i.wait(c.Context, deadline); err != nil {
			return err
		}
	}
	client, err := i.connect(c.Context)
	if err != nil {
		return err
	}
	defer client.Close()
	request := wire.InitiateRequest{
		At: i.at, TimeoutMS: max(1, time.Until(deadline).Milliseconds()), Compact: c.Bool("compact"), Journal: c.Bool("journal"),
		Save: save.on, Name: save.name, Light: save.light,
	}
	end, err := i.take(c.Context, client, request, save.document(to))
	if err != nil {
		return err
	}
	i.summary(end)
	i.hintAnswers(c.Context, end)
	outcome := save.outcome(end, to)
	switch {
	case len(q.expressions) > 0:
		return worse(outcome, i.assertAll(c.Context, q, to.text, c.Bool("stable")))
	case outcome == nil && end.Status != "complete":
		return errNo
	}
	return outcome
}

// checkAt checks the initiators that the user named and keeps them in i.at.
func (i *initiator) checkAt(names []string) error {
	for _, name := range names {
		p, err := process(i.cluster, name)
		if err != nil {
			return err
		}
		if slices.Contains(i.at, p.ID) {
			return fail(exitUsage, "", "--at %s is given twice", p.ID)
		}
		i.at = append(i.at, p.ID)
	}
	if lost := i.topology.Unreached(i.at...); len(i.at) > 0 && len(lost) > 0 {
		return fail(exitUsage, "without --at, chandy adds the initiators that are needed",
			"no marker from %s reaches %s", list(i.at), list(lost))
	}
	return nil
}

// connect connects to the assembler: the first initiator that the user named, or
// else the first of the candidates that answers.
func (i *initiator) connect(ctx context.Context) (*netnode.Client, error) {
	candidates := i.at
	if len(candidates) > 0 {
		candidates = candidates[:1]
	} else {
		candidates = i.candidates()
	}
	// The last candidates reach few processes. The assembler asks other initiators to
	// join, and a process that does not answer is named as missing.
	var problems []string
	var first error // of the first candidate
	busy := false
	for _, id := range candidates {
		client, err := i.dial(ctx, id)
		switch {
		case err == nil:
			i.assembler = id
			return client, nil
		case ctx.Err() != nil:
			return nil, fail(exitUnknown, "", "interrupted")
		case isRefusal(err):
			return nil, refused(id, err)
		case isBusy(err):
			busy = true
		}
		if first == nil {
			first = err
		}
		problems = append(problems, fmt.Sprintf("%s: %v", id, err))
	}
	if busy {
		return nil, failList(exitUnknown, "", problems, "no process could be asked:")
	}
	return nil, failList(exitUnknown, i.startHint(candidates[0], first), problems,
		"nobody answered:")
}

// candidates returns all processes in the order of the file, but those in a source of
// the topology first. From one of these the fewest other initiators are needed.
func (i *initiator) candidates() []snapshot.ProcessID {
	var first, others []snapshot.ProcessID
	sources := slices.Concat(i.topology.Sources()...)
	for _, p := range i.cluster.Processes {
		if slices.Contains(sources, p.ID) {
			first = append(first, p.ID)
		} else {
			others = append(others, p.ID)
		}
	}
	return append(first, others...)
}

// take takes the snapshot and writes it to the destination. It reads everything from the node
// at once, whatever becomes of stdout, and leaves the node before it waits for stdout.
func (i *initiator) take(ctx context.Context, client *netnode.Client, request wire.InitiateRequest, to destination) (wire.EndReply, error) {
	line := i.progress()
	out := newSpool(to, spoolMax)
	defer out.drop()
	end, err := client.InitiateWith(ctx, request, out, func(p wire.ProgressReply) {
		line.say("recorded %d/%d, channels closed %d/%d, messages in flight %d, %.1f s",
			p.Recorded, p.Processes, p.Closed, p.Channels, p.InFlight, p.ElapsedMS/1e3)
	})
	line.clear()
	client.Close()
	if err == nil {
		err = printed(ctx, out)
	}
	if err == nil {
		err = to.finish()
	}
	var refusal *wire.ErrorReply
	switch {
	case ctx.Err() != nil:
		err = fail(exitUnknown, "", "interrupted")
	case errors.As(err, &refusal) && refusal.Code == wire.CodeLimit:
		err = fail(exitUnknown, "try again, or raise limit in [snapshot]", "%w", err)
	case errors.As(err, &refusal) && refusal.Code == wire.CodeStorage:
		err = fail(exitUnknown, "", "%w", err)
	case errors.As(err, &refusal) && refusal.Code == wire.CodeForbidden:
		err = fail(exitUsage, otherRole, "%w", err)
	case errors.As(err, &refusal):
		err = fail(exitUsage, "", "%w", err)
	case err != nil:
		err = fail(exitUnknown, "try again: if this process is down, another one assembles the snapshot", "%s assembles the snapshot: %w", i.assembler, err)
	}
	return end, err
}

// printed returns when the snapshot is printed, however long its reader takes, or when ctx
// is done.
func printed(ctx context.Context, out *spool) error {
	done := make(chan error, 1)
	go func() { done <- out.finish() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (i *initiator) summary(end wire.EndReply) {
	printLine(i.Stderr, "chandy: %s: %s, %s, %s in flight, %.2f ms, %s", end.Status,
		countOf(end.Processes, len(i.topology.Processes), "process", "processes"), countOf(end.Known, end.Channels, "channel", "channels"),
		count(end.InFlight, "message", "messages"), end.ElapsedMS, end.ID)
	if end.Last != "" && cmdline.IsTerminal(i.Stderr) {
		printLine(i.Stderr, "chandy: last: %s", end.Last)
	}
	for _, m := range end.Missing {
		printLine(i.Stderr, "chandy: missing: %s", m)
	}
	for _, r := range end.Restarts {
		printLine(i.Stderr, "chandy: %s", r)
	}
	if len(end.Unknown) > 0 {
		printLine(i.Stderr, "chandy: channels of unknown state: %s", list(end.Unknown))
	}
}
