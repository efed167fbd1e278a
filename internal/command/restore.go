package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
	"chandy/internal/config"
	"chandy/internal/printable"
	"chandy/internal/saved"
	"chandy/internal/snapfile"
	"chandy/internal/store"
	"chandy/netnode"
	"chandy/snapshot"
	"chandy/wire"
)

// restoreTimeout is how long the votes on a restore may take.
const restoreTimeout = time.Minute

// resumeTimeout is how long a cluster may take until it runs.
const resumeTimeout = 10 * time.Second

// restoreGrace is how long the answer may take after that: the decision, and until all run.
const restoreGrace = 30 * time.Second

func (e *env) restore() *cli.Command {
	return &cli.Command{
		Name:      "restore",
		Usage:     "let the running cluster go back to a saved snapshot",
		ArgsUsage: "SNAP",
		Flags: []cli.Flag{
			clusterFlag(),
			&cli.StringFlag{Name: "timeout", Usage: "D: give up if not all processes have voted after this time (default: 1m)"},
			&cli.BoolFlag{Name: "dry-run", Usage: "say who could go back, and who could not and why; nothing changes"},
			&cli.BoolFlag{Name: "hold", Usage: "begin held: no program receives anything until chandy resume"},
			&cli.BoolFlag{Name: "branch", Usage: "permit a snapshot that the cluster has left behind by an earlier restore"},
			&cli.StringFlag{Name: "edit", Usage: "JQ: first change states and messages in flight; the result must be a snapshot with the same ids, counts and numbers"},
			&cli.StringFlag{Name: "edit-file", Usage: "FILE: read JQ from FILE"},
			&cli.StringSliceFlag{Name: "skip", Usage: "CHANNEL#SEQ: let the program not receive this message in flight, such as 'p1->p2#119'; repeatable"},
			&cli.StringSliceFlag{Name: "then", Usage: "ID=JSON: hand process ID this request after the restored messages; repeatable"},
		},
		CustomHelpTemplate: `usage: chandy restore [flags] SNAP

Lets the whole running cluster go back to a saved snapshot: programs and channels,
nothing lost and nothing doubled. SNAP is an id, a name or latest (see chandy
snapshots), or a file with a snapshot.

Each process loads its part into a second instance of its program, and votes. The
old program runs on meanwhile. If all can, all go over to a new epoch; if one
cannot, nothing changes.

A restore does not undo what clients have seen, what programs did elsewhere, and
log lines: docs/restore.md has the whole list. The request of a client that the
cluster received after the snapshot is answered with error 14: it did not happen.

{flags}

exit codes: 0 the cluster has gone back, or with --dry-run could; 1 it has not: who
would not, and why; 2 bad usage, or no such snapshot; 3 not found out in time, or
nobody answered.

example:
  chandy restore --dry-run latest && chandy restore latest
`,
		Action: func(c *cli.Context) error {
			if err := arguments(c, 1, 1, "SNAP"); err != nil {
				return err
			}
			cluster, err := cmdline.LoadCluster(c)
			if err != nil {
				return err
			}
			return e.restorer(cluster).run(c)
		},
	}
}

// restorer lets a cluster go back.
type restorer struct {
	*initiator
}

func (e *env) restorer(cluster *config.Cluster) *restorer { return &restorer{e.initiator(cluster)} }

func (r *restorer) run(c *cli.Context) error {
	timeout, err := duration(c, "timeout", restoreTimeout)
	if err != nil {
		return err
	}
	m, sha256, err := r.snapshot(c)
	if err != nil {
		return err
	}
	request := wire.RestoreRequest{Snapshot: m.ID, Manifest: sha256, DryRun: c.Bool("dry-run"), Hold: c.Bool("hold"), TimeoutMS: max(1, timeout.Milliseconds())}
	if request.Branch, err = r.branch(m, c.Bool("branch")); err != nil {
		return err
	}
	return r.ask(c.Context, request, m, timeout)
}

// snapshot returns the manifest of the snapshot that the arguments name, which may have to be
// made first.
func (r *restorer) snapshot(c *cli.Context) (*saved.Manifest, string, error) {
	d, err := r.derivation(c)
	if err != nil {
		return nil, "", err
	}
	at, err := locate(c, c.Args().First())
	switch {
	case err != nil:
		return nil, "", err
	case at.now:
		return nil, "", fail(exitUsage, "chandy initiate --save takes and saves one", "restore needs a snapshot that has been taken")
	case at.file != "":
		s, err := r.oneSnap(c, c.Args().First())
		if err != nil {
			return nil, "", err
		}
		d.From = snapfile.Source{File: at.title, Document: s.text}
	case d.Edit == "" && len(d.Skips) == 0 && len(d.Thens) == 0:
		m, sha256, err := at.store.Manifest(at.id)
		if err != nil {
			return nil, "", storeFailure(err)
		}
		return m, sha256, nil
	default:
		d.From = snapfile.Source{Saved: at.id}
	}
	q, err := r.questions(c)
	if err != nil {
		return nil, "", err
	}
	defer q.close()
	d.Editor = snapfile.Editor{Query: q.evaluator.Query, Max: q.maxSize << 20}
	if _, err := d.Store.Create(netnode.NewSnapshotID()); err != nil {
		return nil, "", storeFailure(err)
	}
	m, sha256, err := d.Derive(c.Context)
	if err != nil {
		return nil, "", fail(exitUsage, "", "%w", err)
	}
	printLine(r.Stderr, "chandy: made snapshot %s of %s", m.ID, at.title)
	return m, sha256, nil
}

// derivation reads the flags that change a snapshot before it is restored.
func (r *restorer) derivation(c *cli.Context) (snapfile.Derivation, error) {
	d := snapfile.Derivation{Store: storeOf(r.cluster), Cluster: r.cluster, ID: snapshot.ID(netnode.NewSnapshotID()), Edit: c.String("edit")}
	if path := c.String("edit-file"); path != "" {
		text, err := os.ReadFile(path)
		switch {
		case d.Edit != "":
			return d, fail(exitUsage, "", "--edit and --edit-file cannot be combined")
		case err != nil:
			return d, fail(exitUsage, "", "--edit-file: %w", err)
		}
		d.Edit = string(text)
	}
	if d.Edit != "" {
		if err := checkExpression(d.Edit, true); err != nil {
			return d, err
		}
	}
	for _, text := range c.StringSlice("skip") {
		skip, err := snapfile.ParseSkip(text)
		if err != nil {
			return d, fail(exitUsage, "", "--skip %w", err)
		}
		d.Skips = append(d.Skips, skip)
	}
	for _, text := range c.StringSlice("then") {
		id, request, ok := strings.Cut(text, "=")
		if !ok {
			return d, fail(exitUsage, `such as --then 'p1={"type": "balance"}'`, "--then %q is not ID=JSON", short(text))
		}
		p, err := process(r.cluster, id)
		if err != nil {
			return d, err
		}
		body, err := numbered(request)
		if err != nil {
			return d, err
		}
		d.Thens = append(d.Thens, saved.ThenRequest{Process: p.ID, Request: body})
	}
	return d, nil
}

// ask asks a node to restore, and prints how far the processes are.
func (r *restorer) ask(ctx context.Context, request wire.RestoreRequest, m *saved.Manifest, timeout time.Duration) error {
	before := r.sent(ctx)
	client, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	within, cancel := context.WithTimeout(ctx, timeout+restoreGrace)
	defer cancel()
	reply, err := client.Restore(within, request, func(s wire.StageReply) {
		if request.Hold && s.Stage == wire.Running.String() {
			s.Stage = "held"
		}
		r.stage(s)
	})
	var refused *wire.ErrorReply
	switch {
	case ctx.Err() != nil:
		return fail(exitUnknown, "chandy status shows the epoch", "interrupted: the cluster may go back all the same")
	case errors.As(err, &refused) && refused.Code == wire.CodeForbidden:
		return fail(exitUsage, otherRole, "%w", err)
	case errors.As(err, &refused):
		return fail(exitNo, r.olderHint(m.ID), "not restored: %w", err)
	case err != nil:
		return fail(exitUnknown, "chandy status shows the epoch", "%s does not say what became of the restore: %w", r.assembler, err)
	case request.DryRun:
		return r.votes(reply)
	}
	held := ""
	if request.Hold {
		held = ", held: chandy resume lets it run"
	}
	printLine(r.Stderr, "chandy: epoch %d goes on from %s%s; undone: %s; %.0f ms", reply.Epoch, m.ID, held, undone(m, before), reply.ElapsedMS)
	return nil
}

// olderHint says that nothing has changed. If the snapshot is corrupt, it also names the next
// older one.
func (r *restorer) olderHint(id snapshot.ID) string {
	hint := "the cluster runs on as before"
	s := storeOf(r.cluster)
	entries, err := s.List()
	if err != nil || !slices.ContainsFunc(entries, func(e store.Entry) bool { return e.ID == id && e.State == store.Corrupt }) {
		return hint
	}
	if older, err := s.Older(id); err == nil && older != "" {
		hint += "; the next older snapshot is " + string(older)
	}
	return hint
}

// votes prints who would take part in a restore.
func (r *restorer) votes(reply wire.RestoreReply) error {
	no := 0
	for _, v := range reply.Votes {
		if v.No == "" {
			printLine(r.Stderr, "%s: could", v.Process)
			continue
		}
		no++
		printLine(r.Stderr, "%s: could not: %s", v.Process, printable.Text(v.No))
	}
	if no > 0 {
		return errNo
	}
	return nil
}

// stage prints how far a process is.
func (r *restorer) stage(s wire.StageReply) {
	text := printable.Text(s.Stage)
	if s.Messages > 0 {
		text = fmt.Sprintf("%s %s", text, count(int(s.Messages), "message", "messages"))
	}
	printLine(r.Stderr, "%s: %s (%.1f ms)", printable.Text(string(s.Process)), text, s.ElapsedMS)
}

// sent returns how many messages have been sent on each channel, as far as that is known.
func (r *restorer) sent(ctx context.Context) map[snapshot.Channel]uint64 {
	all := map[snapshot.Channel]uint64{}
	for _, p := range r.cluster.Processes {
		client, err := r.dial(ctx, p.ID)
		if err != nil {
			continue
		}
		status, err := client.Status(ctx)
		client.Close()
		if err != nil {
			continue
		}
		for _, out := range status.Outgoing {
			all[snapshot.Channel{From: p.ID, To: out.To}] = out.Sent
		}
	}
	return all
}

// undone says how much a restore has undone. The time is by the clocks of two machines, and
// for people only.
func undone(m *saved.Manifest, sent map[snapshot.Channel]uint64) string {
	after := uint64(0)
	for _, c := range m.Channels {
		after += max(sent[c.Channel()], c.Sent) - c.Sent
	}
	return fmt.Sprintf("%.1f s, %s after the cut", max(0, time.Since(m.StartedAt).Seconds()), count(int(after), "message", "messages"))
}

// resumeOthers asks all processes but the one that was asked first. Each of them may be held
// by itself, because a process has stopped. It reports whether one was.
func (i *initiator) resumeOthers(ctx context.Context) bool {
	var resumed atomic.Bool
	var asked sync.WaitGroup
	for _, id := range i.cluster.IDs() {
		if id == i.assembler {
			continue
		}
		asked.Go(func() {
			client, err := i.dial(ctx, id)
			if err != nil {
				return
			}
			defer client.Close()
			if inTime(ctx, answerTimeout, client.Resume) == nil {
				resumed.Store(true)
			}
		})
	}
	asked.Wait()
	return resumed.Load()
}

func (e *env) resume() *cli.Command {
	return &cli.Command{
		Name:  "resume",
		Usage: "let a cluster run that a restore or a stopped node has held",
		Flags: []cli.Flag{clusterFlag(),
			&cli.StringFlag{Name: "timeout", Usage: "D: give up if it does not run after this time (default: 10s)"}},
		CustomHelpTemplate: `usage: chandy resume [flags]

Lets the programs run of a cluster that chandy restore --hold has left held, or that is
held because a node has stopped. In the second case everything that happens from now on
is undone when the node is back.

{flags}

exit codes: 0 it runs; 1 it is not held; 2 bad usage or configuration; 3 nobody
answered, or not in time.

example:
  chandy restore --hold latest && chandy initiate | jq . && chandy resume
`,
		Action: onCluster(func(c *cli.Context, cluster *config.Cluster) error {
			timeout, err := duration(c, "timeout", resumeTimeout)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(c.Context, timeout)
			defer cancel()
			i := e.initiator(cluster)
			client, err := i.connect(ctx)
			if err != nil {
				return err
			}
			defer client.Close()
			var refused *wire.ErrorReply
			switch err := client.Resume(ctx); {
			case errors.As(err, &refused) && refused.Code == wire.CodeForbidden:
				return fail(exitUsage, otherRole, "%w", err)
			case i.resumeOthers(ctx) && (err == nil || errors.As(err, &refused)):
			case errors.As(err, &refused):
				return fail(exitNo, "", "%w", err)
			case err != nil:
				return fail(exitUnknown, "chandy status shows whether it is held", "%w", err)
			}
			return nil
		}),
	}
}
