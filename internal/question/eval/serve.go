package eval

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// request asks a process of [Serve] to evaluate expressions over a snapshot. It is a line of
// JSON, and the snapshot follows it. The answer is a line of JSON too.
type request struct {
	Expressions []string      `json:"expressions"`
	Loose       bool          `json:"loose,omitempty"`
	Query       bool          `json:"query,omitempty"` // return values, not verdicts
	Size        int           `json:"size"`            // of the snapshot, in bytes
	Timeout     time.Duration `json:"timeout"`
}

// response has an answer for each expression, or says why there is none.
type response struct {
	Answers []Answer `json:"answers,omitempty"`
	Failure string   `json:"failure,omitempty"`
}

const (
	// memoryMin and memoryTimes limit what the evaluation of an expression may take: this
	// many times the size of the snapshot, and not less than memoryMin. The form of gojq
	// alone takes 14 times as much as the JSON.
	memoryMin   = 1 << 30
	memoryTimes = 16
	// memoryEvery is how often the memory is looked at. In this time an expression can take
	// about 50 MiB.
	memoryEvery = 5 * time.Millisecond
)

// Serve answers the requests of an [Evaluator], one after the other, until in ends. It must
// run in a process of its own: it ends the process if an expression takes too much memory.
func Serve(in io.Reader, out io.Writer) error {
	requests := bufio.NewReader(in)
	for {
		line, err := requests.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var r request
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("read a request: %w", err)
		}
		snapshot := make([]byte, r.Size)
		if _, err := io.ReadFull(requests, snapshot); err != nil {
			return fmt.Errorf("read a snapshot: %w", err)
		}
		if err := writeLine(out, r.serve(snapshot, out)); err != nil {
			return err
		}
	}
}

func writeLine(out io.Writer, r response) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false) // values of a query are printed as they are here
	return encoder.Encode(r)
}

// serve evaluates the expressions. If they take too much memory, it writes the failure to out
// and ends the process.
func (r request) serve(snapshot []byte, out io.Writer) response {
	limit := max(memoryMin, memoryTimes*r.Size)
	if err := capMemory(limit); err != nil {
		return response{Failure: err.Error()}
	}
	stop := watchMemory(limit, func(limit int) {
		writeLine(out, response{Failure: fmt.Sprintf("the expression needs more than %d MiB of memory", limit>>20)})
		os.Exit(0)
	})
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), r.Timeout)
	defer cancel()
	d, err := NewDocument(snapshot)
	if err != nil {
		return response{Failure: err.Error()}
	}
	var answers []Answer
	for _, text := range r.Expressions {
		e, err := Compile(text, r.Loose)
		if err != nil {
			return response{Failure: err.Error()}
		}
		if r.Query {
			answers = append(answers, e.Query(ctx, d))
		} else {
			answers = append(answers, e.Ask(ctx, d))
		}
	}
	return response{Answers: answers}
}

// watchMemory calls exceeded once the runtime has mapped more than limit bytes. gojq has no
// limit of its own (itchyny/gojq#298). The caller must call stop.
func watchMemory(limit int, exceeded func(limit int)) (stop func()) {
	before := debug.SetMemoryLimit(int64(limit))
	done := make(chan struct{})
	go func() {
		sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
		tick := time.NewTicker(memoryEvery)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			metrics.Read(sample)
			if used := sample[0].Value.Uint64() - sample[1].Value.Uint64(); used > uint64(limit) && used < math.MaxInt64 {
				exceeded(limit)
				return
			}
		}
	}()
	return func() {
		close(done)
		debug.SetMemoryLimit(before)
	}
}
