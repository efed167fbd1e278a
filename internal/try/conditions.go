package try

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"chandy/internal/maelstrom"
	"chandy/internal/printable"
)

// unanswerable is the result of a condition that requires a request that the program
// answers, if none is known.
var unanswerable = Result{Verdict: Skipped, Text: "no request is known that the program answers", Advice: `name one: --request '{"type":"…"}'`}

// tryInit checks that the program starts and answers init.
func (t *trial) tryInit() (Result, error) {
	begun := time.Now()
	k, err := t.begin("init")
	var none *noReply
	switch {
	case errors.Is(err, ErrStart):
		return Result{}, err
	case errors.As(err, &none) && none.ended != nil:
		return Result{Verdict: Not, Text: err.Error(), Advice: t.initAdvice("run it by hand: a file or a variable may be missing (--env NAME=VALUE)")}, nil
	case err != nil:
		return Result{Verdict: Not, Text: err.Error(), Advice: t.initAdvice("answer init with init_ok, on a line of its own, and flush stdout after each line")}, nil
	}
	k.close()
	r := Result{Verdict: Works, Text: fmt.Sprintf("init_ok after %v", k.initAt.Sub(begun).Round(time.Millisecond))}
	switch {
	case t.topology == topologyNone:
		r.Advice = `topology = "none": the message topology ends it, and a node has to start it again without`
	case t.silent:
		r.Advice = fmt.Sprintf(`it does not answer topology: a node waits %v for that at its start; topology = "none" if it does not use it`, topologyWait)
	}
	return r, nil
}

// initAdvice returns the advice for a program that does not answer init. If the program
// printed a line that is not a message, the advice is about that line.
func (t *trial) initAdvice(otherwise string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bad != "" {
		return "it printed a line that is " + t.bad + "; stdout is for messages only, print everything else on stderr"
	}
	return otherwise
}

// tryTwo writes two requests at once. A program that waits with select and then reads one
// line from a buffered reader does not notice the second.
func (t *trial) tryTwo() (Result, error) {
	if len(t.answered) == 0 {
		return unanswerable, nil
	}
	if t.Pace {
		return Result{Verdict: Skipped, Text: "with pace there are never two lines to read at once"}, nil
	}
	stuck, err := t.two()
	if err != nil {
		return Result{}, err
	}
	if stuck == "" {
		return Result{Verdict: Works, Text: "two requests in one write get two replies"}, nil
	}
	t.Pace = true
	if again, err := t.two(); err != nil || again != "" {
		t.Pace = false
		return Result{Verdict: Not, Text: "two requests in one write: " + stuck}, nil
	}
	return Result{
		Verdict: Not, Text: "two requests in one write: " + stuck + "; with pace, both are answered",
		Advice: "pace = true: perhaps it waits with select and then reads one line from a buffered reader, which holds both",
	}, nil
}

// two writes two requests to a fresh child, in one write unless the lines are paced. It
// describes what is wrong with the replies, or returns an empty text.
func (t *trial) two() (stuck string, err error) {
	k, err := t.begin("two at once")
	if err != nil {
		return "", err
	}
	defer k.close()
	bodies := t.answered[0].take(0, 3)
	a, b := k.request(bodies[0]), k.request(bodies[1])
	if t.Pace {
		k.process.Write(a.line)
		k.process.Write(b.line)
	} else {
		k.process.Write([]byte(string(a.line) + "\n" + string(b.line)))
	}
	n, _, err := k.awaitAny(t.Limit, a, b)
	if err != nil {
		return none(err, "not even one is answered")
	}
	other := []request{b, a}[n]
	if _, _, err = k.awaitAny(t.Limit, other); err == nil {
		return "", nil
	}
	stuck, err = none(err, "only one is answered")
	if err != nil || strings.Contains(stuck, "ended") {
		return stuck, err
	}
	c := k.request(bodies[2])
	k.process.Write(c.line)
	if n, _, err := k.awaitAny(t.Limit, other, c); err == nil && n == 0 {
		stuck = "the second is answered only when a third comes"
	}
	return stuck, nil
}

// none describes a reply that did not come: words, and the reason from err. If err is not
// a *noReply, none returns err.
func none(err error, words string) (string, error) {
	var missing *noReply
	if !errors.As(err, &missing) {
		return "", err
	}
	return words + " (" + err.Error() + ")", nil
}

// straggle is how long the reply to a request may come after the reply to a later one.
const straggle = 200 * time.Millisecond

// tryUnknown sends a request that no program can know.
func (t *trial) tryUnknown() (Result, error) {
	k, err := t.begin("unknown request")
	if err != nil {
		return Result{}, err
	}
	defer k.close()
	unknown := k.request(`{"type":"chandy_try_unknown"}`)
	k.process.Write(unknown.line)
	requests := []request{unknown}
	if len(t.answered) > 0 { // a program that answers this one has passed over the unknown one
		known := k.request(t.answered[0].take(0, 1)[0])
		k.process.Write(known.line)
		requests = append(requests, known)
	}
	n, reply, err := k.awaitAny(t.Limit, requests...)
	if err == nil && n > 0 {
		_, reply, err = k.awaitAny(straggle, unknown)
	}
	var missing *noReply
	switch {
	case err == nil && reply.Type == "error" && string(reply.Member("code")) == "10":
		return Result{Verdict: Works, Text: "it answers with an error of code 10"}, nil
	case err == nil:
		return Result{Verdict: Note, Text: "it answers " + printable.Start(reply.Body, quoteMax), Advice: fmt.Sprintf("an error of code %d (not supported) is better", maelstrom.CodeNotSupported)}, nil
	case errors.As(err, &missing) && missing.ended != nil:
		return Result{Verdict: Note, Text: "it exits: " + how(*missing.ended), Advice: "many programs do: only a client can send an unknown request"}, nil
	case errors.As(err, &missing):
		return Result{Verdict: Note, Text: "it stays silent", Advice: fmt.Sprintf("an error of code %d (not supported) is better: a client waits for a reply", maelstrom.CodeNotSupported)}, nil
	}
	return Result{}, err
}

// grace is how long a child may take to end before child.Proc.Close uses the next,
// harsher means.
const grace = 500 * time.Millisecond

// tryEnd closes the input of a child and checks that the child ends by itself.
func (t *trial) tryEnd() (Result, error) {
	k, err := t.begin("end of input")
	if err != nil {
		return Result{}, err
	}
	begun := time.Now()
	k.close()
	took := time.Since(begun)
	return endResult(k.end.State, took), nil
}

func endResult(state *os.ProcessState, took time.Duration) Result {
	var signal syscall.Signal
	if state != nil {
		if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			signal = status.Signal()
		}
	}
	took = took.Round(time.Millisecond)
	const advice = "exit when stdin ends, so that a node stops quickly"
	switch {
	case signal == syscall.SIGKILL:
		return Result{Verdict: Not, Text: "it ends neither at the end of its input nor on SIGTERM, only on SIGKILL", Advice: advice}
	case signal == syscall.SIGTERM || took >= grace:
		return Result{Verdict: Not, Text: "it does not end at the end of its input within 500ms, only on SIGTERM", Advice: advice}
	}
	return Result{Verdict: Works, Text: fmt.Sprintf("it ends by itself after %v: %v", took, state)}
}

// tryOutput judges the lines that all children have printed so far.
func (t *trial) tryOutput() (Result, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.bad == "":
		return Result{Verdict: Works, Text: "every line on stdout is a message"}, nil
	case t.badLines:
		return Result{Verdict: Not, Text: "it prints a line that is " + t.bad, Advice: `on_bad_line = "drop", or better: print it on stderr`}, nil
	}
	return Result{Verdict: Note, Text: "it prints a line that is " + t.bad, Advice: "such a line is dropped: a message needs a dest and a body"}, nil
}
