package try

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"chandy/internal/child"
	"chandy/internal/config"
)

// Options says what to try. The zero value of what is not marked as required is its
// default.
type Options struct {
	// Command is the program and its arguments. Required.
	Command []string
	// Env are variables for its environment: setting env.
	Env map[string]string
	// Requests are bodies that the program is to answer, in this order; "%d" in one
	// is replaced by a number that counts up. Default: those of Maelstrom's workloads.
	Requests []string
	// State is how it is asked for its state: setting state. Default: "snapshot" if
	// it answers that, else what it answers of the known requests.
	State string
	// Pace is the setting pace: then it is not tried without.
	Pace bool
	// LineLimit is the setting line_limit, in bytes: no longer line is tried. 0: one
	// of 70,000 bytes is.
	LineLimit int
	// SettleTimeout is the setting settle_timeout. Default: that of the setting, or a
	// longer one if that one helps.
	SettleTimeout time.Duration
	// Burst is how many requests are written at once before a snapshot, and again
	// after it. Default 200, fewer if the child takes long for each.
	Burst int
	// Rounds is how many snapshots are compared. Default 10.
	Rounds int
	// Limit is how long the child may take for each answer. Default 5 s.
	Limit time.Duration
	// Told hears of each result as soon as it is there. Default: nobody.
	Told func(Result)
	// Errors takes each line that a child prints on stderr, and the condition. It is
	// called by several goroutines. Default: nobody.
	Errors func(condition, line string)
}

// Verdict is what came out of a condition.
type Verdict string

// Verdicts.
const (
	Works   Verdict = "works"
	Not     Verdict = "does not"  // work
	Note    Verdict = "note"      // it is either way right, but good to know
	Unclear Verdict = "unclear"   // it could not be found out
	Skipped Verdict = "not asked" // there was nothing to ask, or nobody wanted to know
)

// Result is that of one condition.
type Result struct {
	Condition string  `json:"condition"`
	Verdict   Verdict `json:"verdict"`
	Text      string  `json:"text"`
	// Advice says what to do; empty: nothing.
	Advice string `json:"advice,omitempty"`
}

// Exactness counts the rounds of the condition "exact".
type Exactness struct {
	Rounds int `json:"rounds"`
	Exact  int `json:"exact"`
	// Reordered is how many of these have lists in another order: with several
	// threads either is right.
	Reordered int `json:"reordered"`
	// Settled is how many rounds reached what.
	Settled map[string]int `json:"settled"`
}

// Report is all that came out.
type Report struct {
	Command []string   `json:"command"`
	Results []Result   `json:"results"`
	Exact   *Exactness `json:"exact,omitempty"` // nil: it did not come to that
	// Services are those of Maelstrom that the program has sent something to.
	Services []string `json:"services,omitempty"`
	// Program is the [program] of a cluster file, TOML, that fits.
	Program string `json:"program"`
}

// Worst is the verdict that counts for all: Not, else Unclear, else Works.
func (r *Report) Worst() Verdict {
	worst := Works
	for _, one := range r.Results {
		if one.Verdict == Not || one.Verdict == Unclear && worst == Works {
			worst = one.Verdict
		}
	}
	return worst
}

// ErrStart is in the error of Run if the program cannot be started.
var ErrStart = errors.New("cannot be started")

// CheckError is the error of Run if the options cannot be meant.
type CheckError struct{ error }

// trial is a Run.
type trial struct {
	Options
	ctx      context.Context
	dir      string
	report   *Report
	bounded  bool     // Burst may be made smaller
	badLines bool     // it prints what is no JSON object: on_bad_line = "drop"
	state    string   // the setting, as it was found
	answered []series // what it answers, the best for a burst first

	mu       sync.Mutex // guards the rest
	bad      string     // what it printed first that is no message
	services map[string]bool
}

// conditions are tried in this order.
var conditions = []struct {
	name string
	try  func(*trial) (Result, error)
}{
	{"init", (*trial).tryInit},
	{"replies", (*trial).tryReplies},
	{"two at once", (*trial).tryTwo},
	{"unknown request", (*trial).tryUnknown},
	{"long line", (*trial).tryLong},
	{"end of input", (*trial).tryEnd},
	{"output", (*trial).tryOutput},
	{"state", (*trial).tryState},
	{"exact", (*trial).tryExact},
	{"restore", (*trial).tryRestore},
}

// Run tries a program. When it returns no child of it is left. The error says that it
// could not be tried: that of ctx, one with ErrStart in it, or a *CheckError.
func Run(ctx context.Context, o Options) (*Report, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	t := &trial{Options: o, ctx: ctx, dir: dir, state: o.State, services: map[string]bool{}, report: &Report{Command: o.Command}}
	t.defaults()
	if err := t.check(); err != nil {
		return nil, &CheckError{err}
	}
	for i, c := range conditions {
		result, err := c.try(t)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			if errors.Is(err, ErrStart) {
				return nil, err
			}
			result = Result{Verdict: Not, Text: err.Error()}
		}
		t.tell(c.name, result)
		if i == 0 && result.Verdict != Works {
			for _, rest := range conditions[1:] {
				t.tell(rest.name, Result{Verdict: Skipped, Text: "it does not answer init"})
			}
			break
		}
	}
	for _, id := range serviceIDs {
		if t.services[id] {
			t.report.Services = append(t.report.Services, id)
		}
	}
	t.report.Program = t.program()
	return t.report, nil
}

func (t *trial) defaults() {
	set := func(n *int, to int) {
		if *n == 0 {
			*n = to
		}
	}
	t.bounded = t.Burst == 0
	set(&t.Burst, 200)
	set(&t.Rounds, 10)
	if t.Limit == 0 {
		t.Limit = 5 * time.Second
	}
	if t.Told == nil {
		t.Told = func(Result) {}
	}
	if t.Errors == nil {
		t.Errors = func(string, string) {}
	}
}

// check checks what a node would.
func (t *trial) check() error {
	cluster, err := t.cluster(t.program())
	if err != nil {
		return err
	}
	if _, err := child.New(cluster, cluster.Processes[0]); err != nil {
		return err
	}
	for _, request := range t.Requests {
		body, err := child.ParseBody([]byte(numbered(request, 1)))
		switch {
		case err != nil:
			return fmt.Errorf(`a request is a JSON object, such as '{"type":"broadcast","message":%%d}', not %.128q`, request)
		case body.Member("msg_id") != nil:
			return errors.New(`leave "msg_id" out of the request`)
		case strings.ContainsAny(request, "\r\n"):
			return errors.New("a request is one line")
		}
	}
	return nil
}

// cluster is one of a single child, n1, and of services.
func (t *trial) cluster(program string, services ...string) (*config.Cluster, error) {
	text := "name = \"try\"\n[[process]]\nid = \"n1\"\naddress = \"127.0.0.1:1\"\n"
	for i, id := range services {
		text += fmt.Sprintf("[[process]]\nid = %q\naddress = \"127.0.0.1:%d\"\nprogram = { kind = %q }\n", id, i+2, id)
	}
	return config.Parse(filepath.Join(t.dir, "cluster.toml"), []byte(text+program))
}

// tell reports a result.
func (t *trial) tell(condition string, r Result) {
	r.Condition = condition
	t.report.Results = append(t.report.Results, r)
	t.Told(r)
}
