package command

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"chandy/internal/question"
	"chandy/internal/question/eval"
	"chandy/snapshot"
)

// kinds are the kinds of questions that watch and guard ask of each snapshot. Each is a flag.
var kinds = []struct {
	flag, usage string
	found       question.Verdict // the verdict that ends a watch
	outcome     question.Verdict // the answer of the command then; the other one when the time has run out
}{
	{"never", "EXPR: must not be true of any snapshot; repeatable", question.Yes, question.No},
	{"until", "EXPR: must be true of a snapshot in the end; repeatable", question.Yes, question.Yes},
	{"while", "EXPR: must be true of every snapshot; repeatable", question.No, question.No},
}

// watchFlags returns the flags of the questions.
func watchFlags() []cli.Flag {
	var flags []cli.Flag
	for _, k := range kinds {
		flags = append(flags, &cli.StringSliceFlag{Name: k.flag, Usage: k.usage})
	}
	return append(flags,
		&cli.StringSliceFlag{Name: "conserved", Usage: "EXPR: its value must be the same in all snapshots; repeatable"},
		&cli.BoolFlag{Name: "quiet", Usage: "end, as with --never, when nothing was sent or received between two snapshots"},
		&cli.StringFlag{Name: "every", Usage: "D: take a snapshot every D (default: 2s)"},
		stableFlag(),
	)
}

// watched is a question of a watch.
type watched struct {
	kind       int    // index of kinds; -1 for --conserved and --quiet
	text       string // the flag and the expression, for people
	expression string
	answered   int    // snapshots that it could be answered of
	last       string // its last answer, for people
	values     string // of the first snapshot, for --conserved
}

// watcher asks the same questions of one snapshot after the other.
type watcher struct {
	*env
	initiator *initiator
	ask       *questions // the expressions of kinds, in the order of all
	conserved []string
	quiet     bool
	stable    bool
	every     time.Duration
	timeout   time.Duration // of a snapshot

	all      []*watched // the questions of ask, then of conserved, then quiet
	taken    int        // snapshots
	unknown  int        // snapshots of which a question could not be answered
	cutOff   bool       // the end of the time cut off the last snapshot, or its questions
	previous *snapshot.Global
}

// witness is a snapshot that ends a watch.
type witness struct {
	snap
	outcome question.Verdict
	why     []string // lines for people
}

func (e *env) watcher(c *cli.Context, i *initiator) (*watcher, error) {
	w := &watcher{env: e, initiator: i, conserved: c.StringSlice("conserved"), quiet: c.Bool("quiet"), stable: c.Bool("stable"), timeout: i.cluster.Snapshot.Timeout}
	var expressions []string
	add := func(kind int, flag, text string) {
		w.all = append(w.all, &watched{kind: kind, text: strings.TrimSpace("--" + flag + " " + text), expression: text})
	}
	for n, k := range kinds {
		for _, text := range c.StringSlice(k.flag) {
			add(n, k.flag, text)
			expressions = append(expressions, text)
		}
	}
	for _, text := range w.conserved {
		if err := checkExpression(text, c.Bool("loose")); err != nil {
			return nil, err
		}
		add(-1, "conserved", text)
	}
	if w.quiet {
		add(-1, "quiet", "")
	}
	var err error
	if w.every, err = duration(c, "every", 2*time.Second); err != nil {
		return nil, err
	}
	if w.ask, err = e.questions(c, expressions...); err != nil {
		return nil, err
	}
	return w, nil
}

// look takes a snapshot and asks all questions. It returns a witness if one ends the watch.
// A snapshot that cannot be taken counts as one of which nothing can be told.
func (w *watcher) look(ctx context.Context) *witness {
	s, err := w.initiator.now(ctx, w.timeout)
	if ctx.Err() != nil {
		w.cutOff = err != nil
		return nil
	}
	return w.judge(ctx, s, err)
}

// judge asks all questions of a snapshot. If err is non-nil, there is no snapshot, and err is
// why no question can be answered.
func (w *watcher) judge(ctx context.Context, s snap, err error) *witness {
	w.taken++
	var before []string
	for _, q := range w.all {
		before, q.last = append(before, q.last), ""
	}
	found := &witness{snap: s}
	if err == nil {
		err = w.questions(ctx, s, found)
	}
	if ctx.Err() != nil && len(found.why) == 0 { // the end of the time cut off the questions
		w.taken, w.cutOff = w.taken-1, true
		for i, q := range w.all {
			q.last = before[i]
		}
		return nil
	}
	for _, q := range w.all {
		if q.last == "" {
			q.last = "cannot tell"
			if err != nil {
				q.last += ": " + strings.Join(errorTexts(err), "; ")
			}
		}
	}
	if slices.ContainsFunc(w.all, func(q *watched) bool { return strings.HasPrefix(q.last, "cannot tell") }) {
		w.unknown++
	}
	if len(found.why) == 0 {
		return nil
	}
	return found
}

// questions asks a snapshot all questions. The error is for what cannot be asked at all.
func (w *watcher) questions(ctx context.Context, s snap, found *witness) error {
	if len(w.ask.expressions) > 0 {
		answers, err := w.ask.ask(ctx, s)
		if err != nil {
			return err
		}
		for i, a := range answers {
			w.verdict(w.all[i], a, found)
		}
	}
	for i, text := range w.conserved {
		a, err := w.ask.query(ctx, text, s)
		if err != nil {
			return err
		}
		w.compare(w.all[len(w.ask.expressions)+i], s, a, found)
	}
	if w.quiet {
		return w.compareCounts(w.all[len(w.all)-1], s, found)
	}
	return nil
}

func (w *watcher) verdict(q *watched, a eval.Answer, found *witness) {
	q.last = a.Verdict.String()
	kind := kinds[q.kind]
	if a.Verdict == question.Unknown {
		q.last += ": " + a.Why
		return
	}
	q.answered++
	if a.Verdict != kind.found {
		return
	}
	found.add(kind.outcome, "%s: it is %v: %s", q.text, a.Verdict == question.Yes, meaning(a.Verdict, w.stable || eval.Stable(q.expression)))
	for _, n := range a.Notes {
		found.add(kind.outcome, "%s", noteText(n))
	}
}

// add adds a line. The answer no of one question outweighs the answer yes of another.
func (f *witness) add(outcome question.Verdict, format string, a ...any) {
	if f.outcome != question.No {
		f.outcome = outcome
	}
	f.why = append(f.why, fmt.Sprintf(format, a...))
}

// compare compares the values of an expression with those of the first snapshot that had any.
func (w *watcher) compare(q *watched, s snap, a eval.Answer, found *witness) {
	switch values := joinValues(a.Values); {
	case a.Verdict == question.Unknown:
		q.last = "cannot tell: " + a.Why
	case s.report.Status != "complete":
		q.last = "cannot tell: the snapshot is partial"
	case q.answered == 0:
		q.answered, q.values, q.last = 1, values, values
	default:
		q.answered++
		if q.last = values; values != q.values {
			found.add(question.No, "%s: was %s, is %s", q.text, q.values, values)
		}
	}
}

func joinValues(values []json.RawMessage) string {
	var texts []string
	for _, v := range values {
		texts = append(texts, string(v))
	}
	return strings.Join(texts, " ")
}

// compareCounts finds out whether anything was sent or received since the snapshot before.
func (w *watcher) compareCounts(q *watched, s snap, found *witness) error {
	g, err := s.decode()
	if err != nil {
		return err
	}
	before := w.previous
	w.previous = g
	switch {
	case !g.Complete():
		q.last = "cannot tell: the snapshot is partial"
	case before == nil:
		q.last = "the first snapshot"
	case !before.Complete():
		q.last = "cannot tell: the snapshot before was partial"
	case moved(before, g):
		q.answered++
		q.last = "no"
	default:
		q.answered++
		q.last = "yes"
		found.add(question.No, "%s: nothing was sent or received in %v", q.text, g.StartedAt.Sub(before.StartedAt).Round(time.Millisecond))
	}
	return nil
}

// moved reports whether a channel counts otherwise than before.
func moved(a, b *snapshot.Global) bool {
	return !slices.EqualFunc(a.Channels, b.Channels, func(c, d snapshot.ChannelState) bool {
		return c.Channel == d.Channel && c.Sent == d.Sent && c.Received == d.Received &&
			c.SeenByReceiver == d.SeenByReceiver && c.SeenBySender == d.SeenBySender
	})
}

// ranOut returns the answer when the time has run out without a witness: Unknown if a
// question could never be answered.
func (w *watcher) ranOut() (v question.Verdict, why []string) {
	v = question.Yes
	for _, q := range w.all {
		if q.answered == 0 {
			why = append(why, fmt.Sprintf("%s: %s", q.text, strings.TrimPrefix(q.lastAnswer(), "cannot tell: ")))
		} else if q.kind >= 0 && kinds[q.kind].outcome == question.Yes {
			v = question.No
		}
	}
	if len(why) > 0 {
		return question.Unknown, why
	}
	return v, nil
}

func (q *watched) lastAnswer() string {
	if q.last == "" {
		return "no snapshot was taken"
	}
	return q.last
}

// lastUnknown returns the questions that could not be answered of the last snapshot, and why.
func (w *watcher) lastUnknown() (why []string) {
	for _, q := range w.all {
		if reason, unknown := strings.CutPrefix(q.lastAnswer(), "cannot tell: "); unknown {
			why = append(why, q.text+": "+reason)
		}
	}
	return why
}

// errorTexts returns the text of an error and of its list, if it is the failure of a command.
func errorTexts(err error) []string {
	if f, ok := err.(*failure); ok && len(f.List) > 0 {
		return append([]string{strings.TrimSuffix(f.Error(), ":")}, f.List...)
	}
	return []string{err.Error()}
}

// line says how far the watch is.
func (w *watcher) line() string {
	text := count(w.taken, "snapshot", "snapshots")
	if w.unknown > 0 {
		text += fmt.Sprintf(", %d could not tell", w.unknown)
	}
	for _, q := range w.all {
		text += "; " + q.text + ": " + q.lastAnswer()
	}
	return text
}
