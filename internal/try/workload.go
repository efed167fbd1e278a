package try

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"chandy/internal/maelstrom"
	"chandy/internal/printable"
)

// series is an endless series of requests.
type series struct {
	name string
	// bodies are used in turn. "%d" in a body stands for the number of the request.
	bodies []string
	// look is a request that shows the state, or empty if none is known.
	look string
}

// take returns the bodies of requests from+1 to from+n.
func (s series) take(from, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = numbered(s.bodies[(from+i)%len(s.bodies)], from+i+1)
	}
	return all
}

func numbered(body string, n int) string { return strings.ReplaceAll(body, "%d", strconv.Itoa(n)) }

// workload is one of Maelstrom's workloads.
type workload struct {
	series
	after []string // further requests, which the program need not answer
}

const read = `{"type":"read"}`

// workloads are Maelstrom's workloads. The best for a burst come first: each of their
// requests changes the state in its own way.
var workloads = []workload{
	{
		series: series{"broadcast", []string{`{"type":"broadcast","message":%d}`}, read},
		after:  []string{read},
	},
	{series: series{"g-set", []string{`{"type":"add","element":%d}`}, read}, after: []string{read}},
	{series: series{"g-counter", []string{`{"type":"add","delta":%d}`}, read}, after: []string{read}},
	{
		series: series{"kafka", []string{`{"type":"send","key":"1","msg":%d}`}, ""},
		after: []string{
			`{"type":"poll","offsets":{"1":0}}`, `{"type":"commit_offsets","offsets":{"1":0}}`,
			`{"type":"list_committed_offsets","keys":["1"]}`,
		},
	},
	{series: series{"txn-list-append", []string{`{"type":"txn","txn":[["append",1,%d],["r",1,null]]}`}, ""}},
	{series: series{"txn-rw-register", []string{`{"type":"txn","txn":[["w",1,%d],["r",1,null]]}`}, ""}},
	{
		series: series{"lin-kv", []string{`{"type":"write","key":1,"value":%d}`}, ""},
		after:  []string{`{"type":"read","key":1}`, `{"type":"cas","key":1,"from":1,"to":2}`},
	},
	{series: series{"unique-ids", []string{`{"type":"generate"}`}, ""}},
	{series: series{"echo", []string{`{"type":"echo","echo":"echo %d"}`}, ""}},
}

// probe is the result of one workload.
type probe struct {
	types []string // types of the requests that the program answers
	good  bool     // the request of the series is answered
	look  bool     // the request that shows the state is answered
	why   error    // if not good, the reason
}

// probe tries one workload on a fresh child.
func (t *trial) probe(w workload) (p probe) {
	k, err := t.begin("replies")
	if err != nil {
		return probe{why: err}
	}
	defer k.close()
	change := w.take(0, 1)[0]
	for _, body := range append([]string{change}, w.after...) {
		err := k.answers(body)
		if body == change {
			p.good, p.why = err == nil, err
		}
		if err == nil {
			p.types = append(p.types, typeOf(body))
			p.look = p.look || body == w.look
			continue
		}
		var none *noReply
		if body == change || errors.As(err, &none) { // later requests would get no reply either
			p.why = err
			return p
		}
	}
	return p
}

// answers sends a request. It returns an error unless the reply is a success.
func (k *talk) answers(body string) error {
	reply, err := k.askAgain(body)
	if err != nil || reply.Type != "error" {
		return err
	}
	err = fmt.Errorf("the reply is an error: %s", printable.Start(reply.Body, quoteMax))
	if string(reply.Member("code")) == strconv.Itoa(maelstrom.CodeNotSupported) {
		err = unsupported{err}
	}
	return refused{err}
}

// refused is the error for an error reply.
type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

// unsupported is the error for an error reply that says that the request is not known.
type unsupported struct{ error }

func typeOf(body string) string {
	l, err := maelstrom.ParseBody([]byte(body))
	if err != nil {
		return ""
	}
	return l.Type
}

// tryReplies finds out which requests the program answers.
func (t *trial) tryReplies() (Result, error) {
	if len(t.Requests) > 0 {
		return t.tryRequests()
	}
	probes := make([]probe, len(workloads))
	var running sync.WaitGroup
	for i, w := range workloads {
		running.Go(func() { probes[i] = t.probe(w) })
	}
	running.Wait()
	var names, types []string
	for i, p := range probes {
		if !p.good {
			continue
		}
		one := workloads[i].series
		if !p.look {
			one.look = ""
		}
		t.answered = append(t.answered, one)
		names = append(names, one.name)
		for _, kind := range p.types {
			if !slices.Contains(types, kind) {
				types = append(types, kind)
			}
		}
	}
	if len(names) > 0 {
		return Result{Verdict: Works, Text: fmt.Sprintf("it answers %s (Maelstrom's %s)", strings.Join(types, ", "), strings.Join(names, ", "))}, nil
	}
	return t.noneAnswered(probes), nil
}

// noneAnswered returns the result for a program that answers none of the workloads. It
// quotes the first failure of the most telling kind: a reply that was only addressed wrong,
// then an end of the child, then any but an error that says "not supported".
func (t *trial) noneAnswered(probes []probe) Result {
	for i, p := range probes {
		var none *noReply
		if errors.As(p.why, &none) && none.wrong != "" {
			return Result{
				Verdict: Not, Text: fmt.Sprintf("%s: %v", typeOf(workloads[i].take(0, 1)[0]), p.why),
				Advice: "a reply must go to the src of the request and have its msg_id as in_reply_to",
			}
		}
	}
	telling := func(p probe) int {
		var none *noReply
		switch {
		case errors.As(p.why, &none) && none.ended != nil:
			return 0
		case !errors.As(p.why, new(unsupported)):
			return 1
		}
		return 2
	}
	best := 0
	for i, p := range probes {
		if telling(p) < telling(probes[best]) {
			best = i
		}
	}
	return Result{
		Verdict: Unclear, Text: fmt.Sprintf("it answers none of Maelstrom's requests; for example %s: %v", typeOf(workloads[best].take(0, 1)[0]), probes[best].why),
		Advice: `name requests that it knows: --request '{"type":"…"}'`,
	}
}

// tryRequests sends the requests that the user has named.
func (t *trial) tryRequests() (Result, error) {
	k, err := t.begin("replies")
	if err != nil {
		return Result{}, err
	}
	defer k.close()
	var types []string
	for i, body := range t.Requests {
		if err := k.answers(numbered(body, i+1)); err != nil {
			return Result{Verdict: Not, Text: fmt.Sprintf("%s: %v", typeOf(numbered(body, i+1)), err)}, nil
		}
		types = append(types, typeOf(numbered(body, i+1)))
	}
	t.answered = []series{{"of --request", t.Requests, ""}}
	return Result{Verdict: Works, Text: "it answers " + strings.Join(slices.Compact(types), ", ")}, nil
}
