package cmdline

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/urfave/cli/v2"
)

// gate is a writer that blocks until it is opened. What was written may be read once the
// queue is done.
type gate struct {
	open chan struct{}
	bytes.Buffer
}

func newGate() *gate { return &gate{open: make(chan struct{})} }

func (g *gate) Write(b []byte) (int, error) {
	<-g.open
	return g.Buffer.Write(b)
}

// writeNumbered writes the lines first, first+1 … of 100 bytes.
func writeNumbered(q *LineQueue, first, lines int) {
	for n := first; n < first+lines; n++ {
		fmt.Fprintf(q, "%099d\n", n)
	}
}

func TestQueueReportsDroppedLinesAtTheGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newGate()
		var q *LineQueue
		q = NewLineQueue(out, func(lines int) { fmt.Fprintf(q, "lost %d\n", lines) })
		const many, more = 30_000, 10
		writeNumbered(q, 0, many)
		close(out.open)
		synctest.Wait()
		writeNumbered(q, many, more)
		q.Close("the end\n")
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		want, lost := 0, 0
		for _, line := range lines[:len(lines)-1] {
			var n int
			if _, err := fmt.Sscanf(line, "lost %d", &n); err == nil {
				want, lost = want+n, lost+n
			} else if _, err := fmt.Sscanf(line, "%d", &n); err != nil || n != want {
				t.Fatalf("got the line %q, want number %d", line, want)
			} else {
				want++
			}
		}
		if kept := queueMax / 100; want != many+more || lost == 0 || lost > many-kept {
			t.Errorf("got %d lines, %d of them lost, want %d, and from 1 to %d lost", want, lost, many+more, many-kept)
		}
		if got := lines[len(lines)-1]; got != "the end" {
			t.Errorf("last line: got %q, want the text of Close", got)
		}
	})
}

func TestQueueClosesInTimeAndKeepsTheLastText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newGate()
		q := NewLineQueue(out, func(int) {})
		writeNumbered(q, 0, 30_000)
		begun := time.Now()
		q.Close("the end\n")
		if took := time.Since(begun); took != closeTimeout {
			t.Errorf("Close with a writer that blocks: got %v, want %v", took, closeTimeout)
		}
		close(out.open)
		<-q.done
		if !strings.HasSuffix(out.String(), "\nthe end\n") {
			t.Errorf("got an output of %d bytes without the text of Close, want it at the end", out.Len())
		}
	})
}

// TestLogCountsDroppedLines logs to a stderr that nobody reads for a while. The log stays
// JSON, and its lines and the reported ones add up.
func TestLogCountsDroppedLines(t *testing.T) {
	out := newGate()
	e := &Env{Stderr: out}
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.String("log-level", "info", "")
	flags.String("log-format", "auto", "")
	if err := e.StartLog(cli.NewContext(nil, flags, nil)); err != nil {
		t.Fatal(err)
	}
	read := sync.OnceFunc(func() { close(out.open) })
	late := time.AfterFunc(10*time.Second, read) // otherwise a logger that blocks hangs the test
	defer late.Stop()
	const lines = 30_000
	for n := range lines {
		e.Log.Info().Int("n", n).Msg("a line")
	}
	read()
	e.Queue.Close("")
	<-e.Queue.done
	seen, dropped := 0, 0
	for in := json.NewDecoder(&out.Buffer); in.More(); {
		var line struct{ Lines int }
		if err := in.Decode(&line); err != nil {
			t.Fatalf("after %d lines: got error %v, want JSON", seen, err)
		}
		if line.Lines > 0 {
			dropped += line.Lines
		} else {
			seen++
		}
	}
	if seen+dropped != lines || dropped == 0 {
		t.Errorf("got %d lines and %d dropped ones, want %d together, and some dropped", seen, dropped, lines)
	}
}
