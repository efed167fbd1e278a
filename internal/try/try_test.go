package try

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"chandy/internal/child"
	"chandy/internal/config"
)

const patience = 30 * time.Second // limit for children that should answer

// children are the process ids that children have printed.
type children struct {
	mu  sync.Mutex
	ids []int
}

func (c *children) hear(_, line string) {
	var id int
	if _, err := fmt.Sscanf(line, "pid %d", &id); err == nil {
		c.mu.Lock()
		c.ids = append(c.ids, id)
		c.mu.Unlock()
	}
}

// gone fails the test if one of the children still exists.
func (c *children) gone(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range c.ids {
		if err := syscall.Kill(id, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("child %d afterwards: got %v, want %v", id, err, syscall.ESRCH)
		}
	}
	if len(c.ids) == 0 {
		t.Error("children: got none, want at least one")
	}
}

func options(t *testing.T, ways string) Options {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Command: []string{self},
		// Without $GOCOVERDIR a child prints a warning on stderr under -cover.
		Env:   map[string]string{"CHILD": ways, "GORACE": "atexit_sleep_ms=0", "GOCOVERDIR": t.TempDir()},
		Burst: 50, Rounds: 2, Limit: patience,
	}
}

// run tries a child and checks that it has ended.
func run(t *testing.T, o Options) *Report {
	t.Helper()
	var c children
	o.Errors = c.hear
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	c.gone(t)
	return r
}

// text formats a report for a failure message.
func text(r *Report) string {
	var b strings.Builder
	for _, one := range r.Results {
		fmt.Fprintf(&b, "%s: %s: %s -> %s\n", one.Condition, one.Verdict, one.Text, one.Advice)
	}
	return b.String() + r.Program
}

const short = 2 * time.Second // limit for children that should not answer

// TestRunJudgesEveryBehaviour tries children of every behaviour. A condition that want does
// not name must work.
func TestRunJudgesEveryBehaviour(t *testing.T) {
	noState := map[string]string{"state": "not asked", "exact": "not asked", "restore": "not asked"}
	nothing := map[string]string{
		"replies": "not asked", "two at once": "not asked", "unknown request": "not asked", "long line": "not asked", "line ends": "not asked", "end of input": "not asked",
		"output": "not asked", "state": "not asked", "exact": "not asked", "restore": "not asked",
	}
	with := func(a map[string]string, name, result string) map[string]string {
		b := map[string]string{name: result}
		for k, v := range a {
			if k != name {
				b[k] = v
			}
		}
		return b
	}
	for _, test := range []struct {
		ways   string
		change func(*Options)
		want   map[string]string // the beginning of "verdict: text", or a part of "verdict: text -> advice" after a *
		lines  string            // of Report.Program, without kind, command and env
	}{
		{ways: "good", lines: `state = "snapshot"`},
		{ways: "good", change: func(o *Options) { o.Requests = []string{`{"type":"bump"}`} }, lines: `state = "snapshot"`},
		{ways: "good", change: func(o *Options) { o.State = `{"type":"read"}` }, want: map[string]string{"restore": "not asked: the reply"}, lines: `state = '{"type":"read"}'`},
		{ways: "good", change: func(o *Options) { o.State = "none" }, want: noState, lines: `state = "none"`},
		{
			ways: "threads", change: func(o *Options) { o.SettleTimeout = patience },
			want: map[string]string{"exact": "works: 2 of 2 "}, lines: "state = \"snapshot\"\nsettle_timeout = \"30s\"",
		},
		{ways: "exits", want: map[string]string{"init": "*-> topology = \"none\": the message topology ends it", "unknown request": "note: it exits: exit status 3; last line on stderr: what is chandy_try_unknown"}, lines: "state = \"snapshot\"\ntopology = \"none\""},
		{ways: "elects", lines: `state = "snapshot"`},
		{ways: "refuses-third", lines: `state = "snapshot"`},
		{ways: "exits loud", want: map[string]string{"unknown request": "note: it exits: "}, lines: "state = \"snapshot\"\ntopology = \"none\""},
		{ways: "needs-topology", lines: `state = "snapshot"`},
		{ways: "kafka knows-nothing", change: func(o *Options) { o.State = "none" }, want: with(noState, "replies", "*(Maelstrom's kafka)"), lines: `state = "none"`},
		{
			ways: "says-nothing", change: func(o *Options) { o.Limit = time.Second },
			want: map[string]string{
				"init": "*-> it does not answer topology", "replies": "unclear: it answers none of Maelstrom's requests; for example broadcast: no reply within 1s",
				"two at once": "not asked", "unknown request": "note: it stays silent", "long line": "not asked", "line ends": "not asked",
				"state": "not asked", "exact": "not asked", "restore": "not asked",
			}, lines: `state = "none"`,
		},
		{ // echo ends the child: that is more telling than the refusals before it
			ways: "no-snapshot knows-nothing dies-of-echo", want: map[string]string{
				"replies": "unclear: it answers none of Maelstrom's requests; for example echo: it ended: exit status 5", "two at once": "not asked", "long line": "not asked", "line ends": "not asked",
				"state": "not asked", "exact": "not asked", "restore": "not asked",
			}, lines: `state = "none"`,
		},
		{
			ways: "asks-peer knows-nothing", change: func(o *Options) { o.Limit, o.State = short, "none" },
			want: with(map[string]string{"two at once": "not asked", "long line": "not asked", "line ends": "not asked", "state": "not asked", "exact": "not asked", "restore": "not asked"}, "replies", "unclear"), lines: `state = "none"`,
		},
		{ways: "asks-peer knows-nothing", change: func(o *Options) { o.Nodes, o.State = 2, "none" }, want: noState, lines: `state = "none"`},
		{ways: "silent", change: func(o *Options) { o.Limit = short }, want: map[string]string{"unknown request": "note: it stays silent"}, lines: `state = "snapshot"`},
		{ways: "ignores-end", want: map[string]string{"end of input": "does not: it does not end at the end of its input within 500ms, only on SIGTERM"}, lines: `state = "snapshot"`},
		{ways: "stubborn", want: map[string]string{"end of input": "does not: it ends neither at the end of its input nor on SIGTERM, only on SIGKILL"}, lines: `state = "snapshot"`},
		{
			ways: "short-lines", want: map[string]string{"long line": "does not: a line of 70000 bytes is not answered (it ended: exit status 7; last line on stderr: token too long); one of 65535 bytes is answered"},
			lines: "state = \"snapshot\"\nline_limit = \"65535B\"",
		},
		{ways: "splits", want: map[string]string{"line ends": "does not: a request with U+2028 or U+2029 in a string is not answered (it ended: exit status 9; "}, lines: `state = "snapshot"`},
		{ways: "short-lines", change: func(o *Options) { o.LineLimit = 65535 }, want: map[string]string{"restore": "*; a state that needs a line of more than 65535 bytes (line_limit) cannot be restored -> "}, lines: "state = \"snapshot\"\nline_limit = \"65535B\""},
		{
			ways: "selects", change: func(o *Options) { o.Limit = short; o.State = "none" },
			want:  with(noState, "two at once", "does not: two requests in one write: the second is answered only when a third comes; with pace, both are answered"),
			lines: "state = \"none\"\npace = true",
		},
		{ways: "selects", change: func(o *Options) { o.Pace = true }, want: map[string]string{"two at once": "not asked"}, lines: "state = \"snapshot\"\npace = true"},
		{
			ways: "garbage", want: map[string]string{"output": `does not: it prints a line that is not a JSON object: "starting up"`},
			lines: "state = \"snapshot\"\non_bad_line = \"drop\"",
		},
		{
			ways: "no-snapshot", want: map[string]string{
				"state":   `works: {"type":"read"} returns an object with type, messages, `,
				"restore": "not asked: the reply to a request of its own",
			}, lines: `state = '{"type":"read"}'`,
		},
		{
			ways: "no-snapshot exits", change: func(o *Options) { o.State = "snapshot" },
			want: map[string]string{
				"unknown request": "note: it exits", "state": `does not: {"type":"snapshot"} is not answered: it ended: exit status 3; last line on stderr: what is snapshot`,
				"exact": "not asked", "restore": "not asked",
			}, lines: "state = \"none\"\ntopology = \"none\"",
		},
		{
			ways: "no-snapshot knows-nothing", want: map[string]string{
				"replies": "unclear: it answers none of Maelstrom's requests; for example broadcast: the reply is an error: ", "two at once": "not asked", "long line": "not asked", "line ends": "not asked",
				"state": `not asked: it does not answer {"type":"snapshot"}: an error: {"type":"error"`, "exact": "not asked", "restore": "not asked",
			}, lines: `state = "none"`,
		},
		{
			ways: "good", change: func(o *Options) { o.Requests = []string{`{"type":"jump","height":%d}`} }, want: map[string]string{
				"replies": "does not: jump: the reply is an error: ", "two at once": "not asked", "long line": "not asked", "line ends": "not asked",
				"exact": "not asked", "restore": "note: a state was restored, but every fresh child has the same one",
			}, lines: `state = "snapshot"`,
		},
		{
			ways: "replies-wrong", change: func(o *Options) { o.Limit = short }, want: map[string]string{
				"replies": "does not: broadcast: a message to c1 has in_reply_to 7, not 101", "two at once": "not asked", "long line": "not asked", "line ends": "not asked",
				"unknown request": "note: it stays silent", "state": "not asked", "exact": "not asked", "restore": "not asked",
			}, lines: `state = "none"`,
		},
		{
			ways: "asks-itself", change: func(o *Options) { o.State, o.Limit = "snapshot", short },
			want: with(noState, "state", `does not: {"type":"snapshot"} is not answered: no reply within 2s: it seems to wait for n0, but it receives nothing while`), lines: `state = "none"`,
		},
		{ways: "keeps-unacked", want: map[string]string{"exact": "*2 of 2 snapshots in a burst of 50 requests (broadcast) are exact"}, lines: `state = "snapshot"`},
		{ways: "keeps-unacked late-effect", want: map[string]string{"exact": "*unclear: 0 of 2 snapshots"}, lines: `state = "snapshot"`},
		{ways: "half-done", want: map[string]string{"exact": "*if it asks seq-kv between a request and its effect, a half-done request is not in its state"}, lines: `state = "snapshot"`},
		{
			ways: "half-done stuck", change: func(o *Options) { o.Limit = short }, want: map[string]string{
				"exact": "*does not: a snapshot in a burst of 50 requests: no reply within 2s (state_timeout): its handler may wait for a lock, or for another process, and until it replies nothing else reaches it -> never hold a lock",
			}, lines: `state = "snapshot"`,
		},
		{ // alone it has nobody to ask
			ways: "no-snapshot reads-peers", change: func(o *Options) { o.Limit = short },
			want: with(noState, "state", `*{"type":"read"} does not work as the request for the state: as one of 3 processes: no reply within 2s: it seems to wait for n1, but`), lines: `state = "none"`,
		},
		{
			ways: "reads-peers", change: func(o *Options) { o.State, o.Limit = `{"type":"read"}`, short },
			want: with(noState, "state", `*does not: {"type":"read"} is not answered: as one of 3 processes: no reply within 2s: it seems to wait for n1, but it receives nothing while its state is taken -> let it answer {"type":"snapshot"}`), lines: `state = "none"`,
		},
		{
			ways: "no-snapshot falls-back", change: func(o *Options) { o.Limit = short },
			want: with(noState, "state", `*s were over: it seems to wait for seq-kv, but`), lines: `state = "none"`,
		},
		{ways: "lossy", want: map[string]string{"exact": "*does not: 0 of 2 snapshots in a burst of 50 requests (broadcast) are exact, settled "}, lines: `state = "snapshot"`},
		{
			ways: "slow threads", change: func(o *Options) { o.Burst = 1 }, want: map[string]string{
				"exact": `*; with settle_timeout = "2s" 2 of 2 snapshots`,
			}, lines: "state = \"snapshot\"\nsettle_timeout = \"2s\"",
		},
		{ways: "slow threads", change: func(o *Options) { o.Burst, o.SettleTimeout = 1, 3*time.Second }, lines: "state = \"snapshot\"\nsettle_timeout = \"3s\""},
		{ways: "random", want: map[string]string{"exact": "unclear: two children that got the same 50 requests", "restore": "note"}, lines: `state = "snapshot"`},
		{ways: "constant", want: map[string]string{"exact": "unclear: the requests that it answers do not change", "restore": "note"}, lines: `state = "snapshot"`},
		{ways: "restores-wrong", want: map[string]string{"restore": `does not: a fresh child has another state after restore: `}, lines: `state = "snapshot"`},
		{ways: "file-only", want: map[string]string{"restore": `*it takes its state from a file (restore_by = "file"), and not from a line: the child refuses restore: `}, lines: "state = \"snapshot\"\nrestore_by = \"file\""},
		{
			ways: "short-lines reads-file", change: func(o *Options) { o.LineLimit = 65535 },
			want: map[string]string{"restore": `*it takes a state of any length from a file`}, lines: "state = \"snapshot\"\nline_limit = \"65535B\"\nrestore_by = \"file\"",
		},
		{ways: "refuses-restore", want: map[string]string{"restore": "note: the child refuses restore: "}, lines: `state = "snapshot"`},
		{ways: "mute", change: func(o *Options) { o.Limit = short }, want: with(nothing, "init", "does not: init is not answered: no reply within 2s"), lines: ``},
		{
			ways: "mute garbage", change: func(o *Options) { o.Limit = short },
			want: with(nothing, "init", `*-> it printed a line that is not a JSON object: "starting up"`), lines: `on_bad_line = "drop"`,
		},
		{ways: "dies-at-once", want: with(nothing, "init", `does not: init is not answered: it ended: exit status 1; last line on stderr: no module named \x1b broadcast`), lines: ``},
	} {
		t.Run(test.ways, func(t *testing.T) {
			t.Parallel()
			o := options(t, test.ways)
			if test.change != nil {
				test.change(&o)
			}
			r := run(t, o)
			if len(r.Results) != len(conditions) {
				t.Errorf("results: got %d, want %d", len(r.Results), len(conditions))
			}
			for _, one := range r.Results {
				got := string(one.Verdict) + ": " + one.Text
				if part, ok := strings.CutPrefix(test.want[one.Condition], "*"); ok {
					if !strings.Contains(got+" -> "+one.Advice, part) {
						t.Errorf("%s\ngot  %s -> %s\nwant it to contain %s", one.Condition, got, one.Advice, part)
					}
					continue
				}
				want, special := test.want[one.Condition]
				if !special {
					want = "works: "
				}
				if !strings.HasPrefix(got, want) {
					t.Errorf("%s\ngot  %s\nwant it to begin with %s", one.Condition, got, want)
				}
			}
			checkProgram(t, r.Program, test.lines)
			if t.Failed() {
				t.Logf("the whole report:\n%s", text(r))
			}
		})
	}
}

// checkProgram checks the settings in a [program], and that a node accepts it.
func checkProgram(t *testing.T, program, want string) {
	t.Helper()
	var rest []string
	for i, line := range strings.Split(strings.TrimSpace(program), "\n") {
		if i > 3 {
			rest = append(rest, line)
		}
	}
	if got := strings.Join(rest, "\n"); got != want {
		t.Errorf("settings\ngot\n%s\nwant\n%s", got, want)
	}
	cluster, err := config.Parse("cluster.toml", []byte("name = \"x\"\n[[process]]\nid = \"n1\"\naddress = \"127.0.0.1:1\"\n"+program))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := child.New(cluster, cluster.Processes[0]); err != nil {
		t.Error(err)
	}
}

// TestOrderOfListsDoesNotCount tries a child whose threads handle requests in any order. Its
// snapshots are exact although the order of their lists differs.
func TestOrderOfListsDoesNotCount(t *testing.T) {
	o := options(t, "threads")
	o.SettleTimeout = patience
	r := run(t, o)
	const said = "lists are in another order"
	if r.Exact == nil || r.Exact.Exact != r.Exact.Rounds || r.Exact.Reordered == 0 || !strings.Contains(text(r), said) {
		t.Errorf("got %+v, want all rounds exact and some reordered, and %q in\n%s", r.Exact, said, text(r))
	}
}

// TestSlowChildGetsASmallerBurst also checks that a burst set by the user stays.
func TestSlowChildGetsASmallerBurst(t *testing.T) {
	tr := trial{Options: options(t, "slow"), ctx: t.Context(), state: stateSnapshot, answered: []series{workloads[0].series}}
	for _, burst := range []int{0, 50} {
		tr.Burst = burst
		tr.defaults()
		if s, err := tr.changing(); err != nil || s == nil {
			t.Fatalf("series: got %v (error: %v), want one", s, err)
		}
		least, most := burst, burst
		if burst == 0 {
			least, most = 1, 10
		}
		if tr.Burst < least || tr.Burst > most {
			t.Errorf("burst with option %d: got %d, want %d to %d", burst, tr.Burst, least, most)
		}
	}
}

func TestServicesThatAreUsedAreReported(t *testing.T) {
	o := options(t, "uses-kv")
	o.Requests, o.State = []string{`{"type":"add"}`}, "none"
	r := run(t, o)
	if len(r.Services) != 1 || r.Services[0] != "seq-kv" {
		t.Errorf("services: got %q, want seq-kv", r.Services)
	}
	if got := r.Worst(); got != Works {
		t.Errorf("worst: got %q, want %q\n%s", got, Works, text(r))
	}
}

// Each condition is announced before its result.
func TestConditionsAreAnnounced(t *testing.T) {
	o := options(t, "good")
	o.State = "none"
	var got []string
	o.Begun = func(condition string) { got = append(got, "begun "+condition) }
	o.Told = func(r Result) { got = append(got, "told "+r.Condition) }
	run(t, o)
	var want []string
	for _, c := range conditions {
		want = append(want, "begun "+c.name, "told "+c.name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWorstIsNotThenUnclearThenWorks(t *testing.T) {
	for _, test := range []struct {
		verdicts []Verdict
		want     Verdict
	}{
		{nil, Works},
		{[]Verdict{Works, Note, Skipped}, Works},
		{[]Verdict{Works, Unclear, Skipped}, Unclear},
		{[]Verdict{Unclear, Not, Unclear}, Not},
	} {
		var r Report
		for _, v := range test.verdicts {
			r.Results = append(r.Results, Result{Verdict: v})
		}
		if got := r.Worst(); got != test.want {
			t.Errorf("worst of %q: got %q, want %q", test.verdicts, got, test.want)
		}
	}
}

func TestMissingProgramCannotBeStarted(t *testing.T) {
	_, err := Run(t.Context(), Options{Command: []string{"no-such-program"}})
	if want := "executable file not found"; !errors.Is(err, ErrStart) || !strings.Contains(err.Error(), want) {
		t.Errorf("error: got %v, want ErrStart with %q", err, want)
	}
}

func TestInvalidOptionsAreRefused(t *testing.T) {
	for want, o := range map[string]Options{
		"command: is missing":     {},
		"command[0]: is empty":    {Command: []string{""}},
		"state: must be":          {Command: []string{"x"}, State: "yes"},
		"a request is a JSON obj": {Command: []string{"x"}, Requests: []string{`[%d]`}},
		`leave "msg_id" out`:      {Command: []string{"x"}, Requests: []string{`{"msg_id":1}`}},
		"a request is one line":   {Command: []string{"x"}, Requests: []string{"{\n}"}},
		"line_limit":              {Command: []string{"x"}, LineLimit: 10},
		"env: ":                   {Command: []string{"x"}, Env: map[string]string{"": "x"}},
		"settle_timeout":          {Command: []string{"x"}, SettleTimeout: time.Hour},
	} {
		_, err := Run(t.Context(), o)
		var bad *CheckError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
			t.Errorf("error: got %v, want a *CheckError with %q", err, want)
		}
	}
}

func TestInterruptionEndsTheChildren(t *testing.T) {
	for _, at := range []string{"init", "replies", "unknown request", "state", "exact", "restore"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			var c children
			o := options(t, "good")
			o.Errors = func(condition, line string) {
				c.hear(condition, line)
				if condition == at {
					cancel()
				}
			}
			if _, err := Run(ctx, o); !errors.Is(err, context.Canceled) {
				t.Errorf("error: got %v, want %v", err, context.Canceled)
			}
			c.gone(t)
		})
	}
}

func TestCompareKnowsWhatMakesStatesAlike(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want likeness
	}{
		{`{"a":1,"b":[1,2]}`, ` {"b": [1,2],"a":1}`, same},
		{`{"a":[2,{"x":[1,2]}]}`, `{"a":[{"x":[2,1]},2]}`, reordered},
		{`[1,1,2]`, `[1,2,2]`, different},
		{`9007199254740993`, `9007199254740992`, different},
		{`{"a":null}`, `{}`, different},
		{`{"in_reply_to":1,"a":1}`, `{"in_reply_to":2,"a":1}`, different},
		{`"<"`, `"\u003c"`, same},
	} {
		if got := compare([]byte(test.a), []byte(test.b), false); got != test.want {
			t.Errorf("%s and %s: got likeness %d, want %d", test.a, test.b, got, test.want)
		}
	}
	if got := compare([]byte(`{"in_reply_to":1,"a":1}`), []byte(`{"in_reply_to":2,"a":1}`), true); got != same {
		t.Errorf("replies that differ in in_reply_to: got likeness %d, want %d", got, same)
	}
	a, b := apart([]byte(`{"x":[3,1],"y":1}`), []byte(`{"x":[1,3],"y":2}`), false)
	if wantA, wantB := `{"x":[1,3],"y":1}`, `{"x":[1,3],"y":2}`; a != wantA || b != wantB {
		t.Errorf("apart: got %s and %s, want %s and %s", a, b, wantA, wantB)
	}
}

// TestProgramKeepsCommandAndVariables parses the TOML that program returns.
func TestProgramKeepsCommandAndVariables(t *testing.T) {
	want := []string{"a \"b\" \\ 'c'", "\x01\x7f\t<&>é\u2028", "%d"}
	tr := trial{Options: Options{Nodes: 1, Command: want, Env: map[string]string{"A B": want[1]}}, state: `{"type":"it's"}`}
	cluster, err := tr.cluster(tr.program())
	if err != nil {
		t.Fatalf("%v\n%s", err, tr.program())
	}
	var got struct {
		Command []string          `toml:"command"`
		Env     map[string]string `toml:"env"`
		State   string            `toml:"state"`
	}
	if err := cluster.Processes[0].Program.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got.Command) != fmt.Sprint(want) || got.Env["A B"] != want[1] || got.State != tr.state {
		t.Errorf("got %q, want command %q, variable %q and state %q", got, want, want[1], tr.state)
	}
}
