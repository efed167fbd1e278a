package eval

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// Evaluator evaluates expressions in a process of its own, which it starts when it is first
// needed and again after it had to be killed. It is not safe for concurrent use.
type Evaluator struct {
	// Command is what to start: a process that calls [Serve] with its stdin and stdout.
	Command []string
	// Timeout is the time that the expressions over one snapshot have together.
	Timeout time.Duration
	Loose   bool // see [Compile]

	process *process
}

// process is the running process of an Evaluator.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	err *tail
}

// grace is how much longer than Timeout the process has, for reading the snapshot and for
// ending by itself.
const grace = 2 * time.Second

// Ask asks whether each expression is true of a snapshot.
func (e *Evaluator) Ask(ctx context.Context, expressions []string, snapshot []byte) ([]Answer, error) {
	return e.evaluate(ctx, request{Expressions: expressions}, snapshot)
}

// Query returns the values of an expression.
func (e *Evaluator) Query(ctx context.Context, expression string, snapshot []byte) (Answer, error) {
	answers, err := e.evaluate(ctx, request{Expressions: []string{expression}, Query: true}, snapshot)
	if err != nil {
		return Answer{}, err
	}
	return answers[0], nil
}

// evaluate has the process answer a request. An error says why there is no answer.
func (e *Evaluator) evaluate(ctx context.Context, r request, snapshot []byte) ([]Answer, error) {
	if e.process == nil {
		if err := e.start(); err != nil {
			return nil, fmt.Errorf("start the process that evaluates expressions: %w", err)
		}
	}
	r.Loose, r.Timeout, r.Size = e.Loose, e.Timeout, len(snapshot)
	ctx, cancel := context.WithTimeout(ctx, e.Timeout+grace)
	defer cancel()
	p := e.process
	stop := context.AfterFunc(ctx, func() { p.cmd.Process.Kill() }) // ends the exchange
	answers, err := p.exchange(r, snapshot)
	if stop() && err == nil && answers.Failure == "" {
		return answers.Answers, nil
	}
	said := e.Close()
	switch {
	case ctx.Err() == context.DeadlineExceeded:
		return nil, fmt.Errorf("the expression took longer than %v (--eval-timeout)", e.Timeout)
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case answers.Failure != "":
		return nil, errors.New(answers.Failure)
	case outOfMemory(said):
		return nil, errors.New("the expression needs more memory than it may take")
	case said != "":
		return nil, fmt.Errorf("the process that evaluates expressions ended: %s", said)
	}
	return nil, fmt.Errorf("the process that evaluates expressions ended: %w", err)
}

// outOfMemory reports whether the process has ended because of capMemory. The runtime of Go has
// several words for that.
func outOfMemory(said string) bool {
	return slices.ContainsFunc([]string{"out of memory", "cannot allocate memory", "cannot reserve", "pthread_create failed", "failed to create new OS thread"},
		func(words string) bool { return strings.Contains(said, words) })
}

func (e *Evaluator) start() error {
	cmd := exec.Command(e.Command[0], e.Command[1:]...)
	cmd.Env = []string{} // an expression must not read the environment
	p := &process{cmd: cmd, err: &tail{}}
	cmd.Stderr = p.err
	var err error
	if p.in, err = cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	p.out = bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		return err
	}
	e.process = p
	return nil
}

func (p *process) exchange(r request, snapshot []byte) (answer response, err error) {
	line, err := json.Marshal(r)
	if err != nil {
		return answer, err
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return answer, err
	}
	if _, err := p.in.Write(snapshot); err != nil {
		return answer, err
	}
	if line, err = p.out.ReadBytes('\n'); err != nil {
		return answer, err
	}
	return answer, json.Unmarshal(line, &answer)
}

// Close ends the process, if one runs. It returns what the process said last on stderr.
func (e *Evaluator) Close() string {
	p := e.process
	if p == nil {
		return ""
	}
	e.process = nil
	p.in.Close()
	p.cmd.Process.Kill()
	p.cmd.Wait() // it was killed
	return p.err.String()
}

// tail keeps the first bytes that are written to it: a panic begins with its reason.
type tail struct{ text []byte }

func (t *tail) Write(b []byte) (int, error) {
	const most = 256
	t.text = append(t.text, b[:min(len(b), most-len(t.text))]...)
	return len(b), nil
}

func (t *tail) String() string {
	first, _, _ := strings.Cut(strings.TrimSpace(string(t.text)), "\n")
	return first
}
