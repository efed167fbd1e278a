package command

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"chandy/internal/config"
	"chandy/internal/question"
)

func (e *env) watch() *cli.Command {
	flags := append(watchFlags(),
		&cli.StringFlag{Name: "for", Usage: "D: stop after D (default: run until Ctrl-C)"},
		&cli.StringFlag{Name: "keep", Usage: "FILE: write the snapshot that ended the watch to FILE"})
	return &cli.Command{
		Name:  "watch",
		Usage: "take snapshots until one answers a question",
		Flags: append(append(flags, snapFlags()...), questionFlags()...),
		CustomHelpTemplate: `usage: chandy watch [flags]

Takes a snapshot every two seconds, whether anything happens in the cluster or not,
and asks it questions. The first snapshot that answers one ends the watch. It is
printed as JSON on stdout, and why on stderr. A snapshot of which a question cannot
be answered is counted, and the watch goes on.

Ctrl-C counts as the end of the time of --for.

EXPR is an expression in the language of jq, with words about the snapshot: chandy
help assert lists them.

{flags}

exit codes: 0 --until was true; or the time ran out, and --never and --while found
nothing; 1 --never was true, --while was false, --conserved changed, --quiet found
nothing moving; or the time ran out before --until was true; 2 bad usage or
configuration, or EXPR cannot be parsed; 3 a question could not be answered of any
snapshot.

example:
  chandy watch --while 'total(.balance; .amount) == 3000' --for 1m
`,
		Action: onCluster(func(c *cli.Context, cluster *config.Cluster) error {
			w, err := e.watcher(c, e.initiator(cluster))
			if err != nil {
				return err
			}
			defer w.ask.close()
			if len(w.all) == 0 {
				return fail(exitUsage, "for example chandy watch --until terminated", "watch: a question is missing: --never, --until, --while, --conserved or --quiet")
			}
			if w.timeout, err = duration(c, "timeout", w.timeout); err != nil {
				return err
			}
			ctx, stop := context.WithCancel(c.Context)
			defer stop()
			if c.IsSet("for") {
				limit, err := duration(c, "for", 0)
				if err != nil {
					return err
				}
				// No deadline: a snapshot that it cuts off would have an error of its own.
				defer time.AfterFunc(limit, stop).Stop()
			}
			kept, err := e.kept(c)
			if err != nil {
				return err
			}
			defer kept.drop()
			return w.end(w.run(ctx), kept)
		}),
	}
}

// kept returns the destination of the snapshot that ends a watch besides stdout.
func (e *env) kept(c *cli.Context) (destination, error) {
	if c.String("keep") == "" {
		return nowhere{}, nil
	}
	return e.destination(c.String("keep"), false)
}

// nowhere is a destination that keeps nothing.
type nowhere struct{}

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) finish() error               { return nil }
func (nowhere) drop()                       {}

// run takes snapshots until one ends the watch, which it returns, or ctx is done. On a
// terminal it shows how far it is in one line. Otherwise it prints a line when an answer
// changes.
func (w *watcher) run(ctx context.Context) *witness {
	line := w.progress()
	defer line.clear()
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	said := ""
	for ctx.Err() == nil {
		if found := w.look(ctx); found != nil {
			return found
		}
		if ctx.Err() != nil {
			break
		}
		line.say("%s", w.line())
		if answers := w.answers(); line.out == nil && answers != said {
			said = answers
			printLine(w.Stderr, "chandy: %s", w.line())
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	return nil
}

// answers returns the last answer to each question.
func (w *watcher) answers() (all string) {
	for _, q := range w.all {
		all += q.last + "\n"
	}
	return all
}

// end prints the outcome of a watch and returns the error of the command.
func (w *watcher) end(found *witness, kept destination) error {
	if found == nil {
		v, why := w.ranOut()
		text := fmt.Sprintf("the time is over: %s, %d could not tell", count(w.taken, "snapshot", "snapshots"), w.unknown)
		if w.cutOff {
			text += ", and one was not ready in time"
		}
		printLine(w.Stderr, "chandy: %s", text)
		switch v {
		case question.Yes:
			return nil
		case question.No:
			return errNo
		}
		return failList(exitUnknown, "", why, "cannot tell:")
	}
	for _, why := range found.why {
		printLine(w.Stderr, "chandy: %s", why)
	}
	printLine(w.Stderr, "chandy: this was snapshot %d; %d could not tell", w.taken, w.unknown)
	if err := found.write(w.Stdout); err != nil {
		return fail(exitUnknown, "", "%w", err)
	}
	if err := found.write(kept); err != nil {
		return fail(exitUnknown, "", "--keep: %w", err)
	}
	if err := kept.finish(); err != nil {
		return fail(exitUnknown, "", "--keep: %w", err)
	}
	if found.outcome == question.Yes {
		return nil
	}
	return errNo
}
