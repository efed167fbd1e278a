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
	"chandy/internal/maelstrom"
)

// Options configure Run. The zero value of each field that is not required means its
// default.
type Options struct {
	// Command is the program and its arguments. Required.
	Command []string
	// Env are additional environment variables: the setting env.
	Env map[string]string
	// Requests are bodies of requests that the program should answer, in this order. "%d"
	// in a body is replaced by a number that counts up. Default: the requests of
	// Maelstrom's workloads.
	Requests []string
	// State is the setting state: how the program is asked for its state. Default:
	// "snapshot" if the program answers that, otherwise a known request that it answers.
	State string
	// Pace is the setting pace. If set, the program is not tried without it.
	Pace bool
	// LineLimit is the setting line_limit, in bytes. No longer line is tried. Zero means
	// that a line of 70,000 bytes is tried.
	LineLimit int
	// SettleTimeout is the setting settle_timeout. Default: the default of the setting, or
	// a longer time if that helps.
	SettleTimeout time.Duration
	// Nodes is how many children a cluster has, n0 and so on. The requests go to n0.
	// Default: 1.
	Nodes int
	// Burst is how many requests are written at once before a snapshot, and as many again
	// after it. Default: 200, or fewer if the child takes long for each.
	Burst int
	// Rounds is how many snapshots are compared. Default: 10.
	Rounds int
	// Limit is how long the child may take for each answer. A burst or a snapshot fails
	// after this time without any progress. Default: 5 s.
	Limit time.Duration
	// Begun, if non-nil, is called with each condition before it is tried.
	Begun func(condition string)
	// Told, if non-nil, is called with each result as soon as it is known.
	Told func(Result)
	// Errors, if non-nil, is called with each line that a child prints on stderr, and with
	// the condition. It must be safe for concurrent use.
	Errors func(condition, line string)
}

// Verdict is the outcome of a condition.
type Verdict string

// Verdicts.
const (
	Works   Verdict = "works"
	Not     Verdict = "does not"  // it does not work
	Note    Verdict = "note"      // correct either way, but good to know
	Unclear Verdict = "unclear"   // could not be found out
	Skipped Verdict = "not asked" // not applicable, or excluded by the user
)

// Result is the result of one condition.
type Result struct {
	Condition string  `json:"condition"`
	Verdict   Verdict `json:"verdict"`
	Text      string  `json:"text"`
	// Advice is what the user can do, or empty.
	Advice string `json:"advice,omitempty"`
}

// Exactness counts the rounds of the condition "exact".
type Exactness struct {
	Rounds int `json:"rounds"`
	Exact  int `json:"exact"`
	// Reordered is how many of the exact rounds have lists in another order. With several
	// threads either order is correct.
	Reordered int `json:"reordered"`
	// UnderWay are members of the state that are not compared. They contain work under way,
	// such as messages without an acknowledgement.
	UnderWay []string `json:"under_way,omitempty"`
	// Settled counts the rounds by what the child reached before its snapshot.
	Settled map[string]int `json:"settled"`
}

// Report is the result of Run.
type Report struct {
	Command []string   `json:"command"`
	Results []Result   `json:"results"`
	Exact   *Exactness `json:"exact,omitempty"` // nil if no round was made
	// Services are the services of Maelstrom to which the program sent a message.
	Services []string `json:"services,omitempty"`
	// Program is the [program] of a cluster file, in TOML, with the settings found.
	Program string `json:"program"`
}

// Worst returns the overall verdict: Not if there is one, else Unclear if there is one,
// else Works.
func (r *Report) Worst() Verdict {
	worst := Works
	for _, one := range r.Results {
		if one.Verdict == Not || one.Verdict == Unclear && worst == Works {
			worst = one.Verdict
		}
	}
	return worst
}

// ErrStart is wrapped in the error of Run if the program cannot be started.
var ErrStart = errors.New("cannot be started")

// CheckError is the error of Run if the options are not valid.
type CheckError struct{ error }

// trial is the state of one call of Run.
type trial struct {
	Options
	ctx       context.Context
	dir       string
	report    *Report
	bounded   bool     // Burst may be reduced
	state     string   // the setting state, as far as it is known
	restoreBy string   // the setting restore_by, or empty
	answered  []series // requests that the program answers, the best for a burst first

	starting sync.Mutex // held while a child starts; guards the next two fields
	topology string     // topologyNone if the program ends at topology
	silent   bool       // the program does not answer topology

	mu        sync.Mutex      // guards the fields below while several talks run
	bad       string          // description of the first line that is not a message
	badLines  bool            // the program prints lines that are not JSON objects: on_bad_line = "drop"
	hesitates bool            // the program refuses requests as temporarily unavailable after its start
	services  map[string]bool // processes to which the program sent a message
}

// conditions lists all conditions in the order in which they are tried.
var conditions = []struct {
	name string
	try  func(*trial) (Result, error)
}{
	{"init", (*trial).tryInit},
	{"replies", (*trial).tryReplies},
	{"two at once", (*trial).tryTwo},
	{"unknown request", (*trial).tryUnknown},
	{"long line", (*trial).tryLong},
	{"line ends", (*trial).tryEnds},
	{"end of input", (*trial).tryEnd},
	{"output", (*trial).tryOutput},
	{"state", (*trial).tryState},
	{"exact", (*trial).tryExact},
	{"restore", (*trial).tryRestore},
}

// Run tries a program. When it returns, all children that it started have ended. It returns
// an error only if the program could not be tried. The error is the error of ctx, wraps
// ErrStart, or is a *CheckError.
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
		t.Begun(c.name)
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
	for _, id := range child.Services {
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
	set(&t.Nodes, 1)
	set(&t.Burst, 200)
	set(&t.Rounds, 10)
	if t.Limit == 0 {
		t.Limit = 5 * time.Second
	}
	if t.Begun == nil {
		t.Begun = func(string) {}
	}
	if t.Told == nil {
		t.Told = func(Result) {}
	}
	if t.Errors == nil {
		t.Errors = func(string, string) {}
	}
}

// check checks the options as a node checks its cluster file.
func (t *trial) check() error {
	cluster, err := t.cluster(t.program())
	if err != nil {
		return err
	}
	if _, err := child.New(cluster, cluster.Processes[0]); err != nil {
		return err
	}
	for _, request := range t.Requests {
		body, err := maelstrom.ParseBody([]byte(numbered(request, 1)))
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

// cluster returns a cluster of the children and of services.
func (t *trial) cluster(program string, services ...string) (*config.Cluster, error) {
	text := "name = \"try\"\n"
	for i, id := range t.nodes() {
		text += fmt.Sprintf("[[process]]\nid = %q\naddress = \"127.0.0.1:%d\"\n", id, i+1)
	}
	for i, id := range services {
		text += fmt.Sprintf("[[process]]\nid = %q\naddress = \"127.0.0.1:%d\"\nprogram = { kind = %q }\n", id, t.Nodes+i+1, id)
	}
	return config.Parse(filepath.Join(t.dir, "cluster.toml"), []byte(text+program))
}

// tell adds a result to the report and reports it to the user.
func (t *trial) tell(condition string, r Result) {
	r.Condition = condition
	t.report.Results = append(t.report.Results, r)
	t.Told(r)
}
