package child

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"chandy/internal/clustertest"
)

// observed is a Proc and queues of what it reports.
type observed struct {
	*Proc
	batches chan *Batch
	errors  chan string
	written chan struct{}
	ended   chan End
}

func spec(kind string, env ...string) (Spec, *observed) {
	o := &observed{
		batches: make(chan *Batch, 100), errors: make(chan string, 100), written: make(chan struct{}, 100), ended: make(chan End, 1),
	}
	all := map[string]string{"CHILD": kind, "GORACE": atOnce}
	for i := 0; i < len(env); i += 2 {
		all[env[i]] = env[i+1]
	}
	return Spec{
		Command: []string{self()}, Env: all, LineMax: 1 << 20,
		Output: func(b *Batch) { o.batches <- b }, Errors: func(line string) { o.errors <- line },
		Written: func() { o.written <- struct{}{} }, Ended: func(e End) { o.ended <- e },
	}, o
}

func begin(t *testing.T, kind string, env ...string) *observed {
	t.Helper()
	s, o := spec(kind, env...)
	p, err := Start(s)
	if err != nil {
		t.Fatal(err)
	}
	o.Proc = p
	t.Cleanup(p.Close)
	return o
}

const initLine = `{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}`

// next waits for the next batch of lines, and returns it to the Proc.
func (o *observed) next(t *testing.T) []string {
	t.Helper()
	select {
	case b := <-o.batches:
		defer b.Return()
		var all []string
		for _, line := range b.Lines {
			all = append(all, string(line))
		}
		return all
	case <-time.After(patience):
		t.Fatalf("got no output within %v, want some", patience)
		return nil
	}
}

func (o *observed) end(t *testing.T) End {
	t.Helper()
	select {
	case e := <-o.ended:
		return e
	case <-time.After(patience):
		t.Fatalf("got a child that runs after %v, want its end", patience)
		return End{}
	}
}

// none fails if a goroutine of a child is left.
func none(t *testing.T) {
	t.Helper()
	clustertest.NoGoroutines(t, "child.(*Proc)", "child.(*input)", "child.(*Program)")
}

func TestProcess(t *testing.T) {
	o := begin(t, "puppet")
	if !o.Write([]byte(initLine)) {
		t.Error("write of init: got false, want true, as it fits into the pipe")
	}
	const initOK = `{"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}`
	if got := o.next(t); len(got) != 1 || got[0] != initOK {
		t.Errorf("output: got %q, want %s", got, initOK)
	}
	o.Write([]byte(`{"src":"c1","dest":"n1","body":{"type":"leave","n":5,"text":"a\nb"}}`))
	const want = "child exited: exit status 5; last line on stderr: b"
	if e := o.end(t); e.Err().Error() != want || e.State.ExitCode() != 5 {
		t.Errorf("got %v, exit code %d, want %s, 5", e.Err(), e.State.ExitCode(), want)
	}
	if first, second := <-o.errors, <-o.errors; first != "a" || second != "b" {
		t.Errorf("stderr: got %q, %q, want a, b", first, second)
	}
	o.Close()
	if !o.Write([]byte("x")) || o.Pending() != 0 {
		t.Errorf("write after the end: got %d bytes that wait, want a write that is dropped", o.Pending())
	}
	none(t)
}

// A Proc reads no further while two batches have not been returned.
func TestBatches(t *testing.T) {
	o := begin(t, "flood")
	o.Write([]byte(initLine))
	var held []*Batch
	for range buffers {
		select {
		case b := <-o.batches:
			held = append(held, b)
		case <-time.After(patience):
			t.Fatalf("got no output within %v, want some", patience)
		}
	}
	// The pipe becomes full only when nobody reads it.
	stdout, _ := o.stdout.SyscallConn()
	for n := 0; canIdle && n < 40<<10; runtime.Gosched() {
		n, _ = inPipe(stdout)
	}
	if len(o.batches) > 0 {
		t.Errorf("got %d more batches, want none", len(o.batches))
	}
	want := -1
	check := func(b *Batch) {
		for _, line := range b.Lines {
			if want >= 0 && !bytes.Contains(line, fmt.Appendf(nil, `"n":%d,`, want)) {
				t.Fatalf("got %.100s, want line %d", line, want)
			}
			want++
		}
		b.Return()
	}
	for _, b := range held {
		check(b)
	}
	for range 50 {
		check(<-o.batches)
	}
	o.Close()
	none(t)
}

// A line that does not fit into the pipe is written in parts, before all later lines.
func TestWriteMuch(t *testing.T) {
	m := newMeeting(t)
	o := begin(t, "deaf", "ADDRESS", m.listener.Addr().String())
	o.Write([]byte(initLine))
	o.next(t)
	gate := m.come()
	long := `{"src":"n2","dest":"n1","body":{"pad":"` + strings.Repeat("x", 200<<10) + `"}}`
	if o.Write([]byte(long)) || o.Pending() < 100<<10 {
		t.Errorf("got %d bytes that wait, want 100 KiB or more", o.Pending())
	}
	for range 10 {
		if o.Write([]byte(`{"src":"n2","dest":"n1","body":{"short":1}}`)) {
			t.Error("write behind a long line: got true, want false")
		}
	}
	o.Write([]byte(`{"src":"c1","dest":"n1","body":{"type":"lines","msg_id":1}}`))
	if len(o.written) > 0 {
		t.Error("before the child reads: got a call of Written, want none")
	}
	gate.Write([]byte("."))
	var all string
	for !strings.HasSuffix(all, "}}") || len(all) < 200<<10 {
		all += strings.Join(o.next(t), "")
	}
	if n := strings.Count(all, "short"); n != 10 {
		t.Errorf("got %d short lines, want 10", n)
	}
	<-o.written
	if o.Pending() != 0 {
		t.Errorf("at the end: got %d bytes that wait, want none", o.Pending())
	}
	o.Close()
	none(t)
}

func TestLongOutput(t *testing.T) {
	for size, want := range map[int]string{
		1 << 20:     "",
		1<<20 + 1:   "the child printed a line longer than 1048576 bytes: line 3",
		3<<20 + 555: "the child printed a line longer than 1048576 bytes: line 3",
	} {
		o := begin(t, "puppet")
		o.Write([]byte(initLine))
		o.next(t)
		const frame = `{"src":"c1","dest":"n1","body":{"type":"print","msg_id":1,"lines":["a",""]}}`
		o.Write([]byte(strings.Replace(frame, `""`, `"`+strings.Repeat("x", size)+`"`, 1)))
		if want != "" {
			if got := o.end(t).Err().Error(); got != want {
				t.Errorf("%d bytes: got error %s, want %s", size, got, want)
			}
			continue
		}
		var all []string
		for len(all) < 3 {
			all = append(all, o.next(t)...)
		}
		if len(all[1]) != size {
			t.Errorf("got %d bytes, want %d", len(all[1]), size)
		}
		o.Close()
	}
	none(t)
}

// A child that ignores the end of its input and SIGTERM is killed, with all processes that it
// has started. It does not matter what is in the pipes.
func TestClose(t *testing.T) {
	for _, kind := range []string{"stubborn", "parent"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			m := newMeeting(t)
			o := begin(t, kind, "ADDRESS", m.listener.Addr().String())
			o.Write([]byte(initLine))
			gone := m.come()
			begun := time.Now()
			o.Close()
			m.gone(gone)
			if took := time.Since(begun); took > 5*grace || kind == "stubborn" && took < 2*grace {
				t.Errorf("close: got %v, want at most %v, and %v or more if stubborn", took, 5*grace, 2*grace)
			}
		})
	}
	t.Run("flood", func(t *testing.T) {
		t.Parallel()
		o := begin(t, "flood")
		o.Write([]byte(initLine))
		for range 3 {
			o.Write(make([]byte, 1<<20))
		}
		<-o.batches // and no others are received
		o.Close()
	})
}

// A process that has left the process group and prints on does not keep the node from
// ending. The log says that it runs on.
func TestRunawayIsNotWaitedFor(t *testing.T) {
	m := newMeeting(t)
	c := run(t, file(1, "puppet", "", with(m.env("deserter"))))
	conn := m.come()
	conn.Write([]byte("."))
	begun := time.Now()
	if err := c.Stop("n1"); err != nil {
		t.Errorf("stop: got error %v, want none", err)
	}
	if took := time.Since(begun); took > 10*grace {
		t.Errorf("stop: got %v, want at most %v", took, 10*grace)
	}
	c.Logged("runs on outside its process group")
	none(t)
}

// The child dies with the process that has started it, also on SIGKILL.
func TestParentKilled(t *testing.T) {
	if !canIdle {
		t.Skip("this system does not kill a child when its parent dies")
	}
	m := newMeeting(t)
	c := exec.Command(self())
	c.Env = append(os.Environ(), "CHILD=host", "ADDRESS="+m.listener.Addr().String())
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	gone := m.come()
	c.Process.Kill()
	c.Wait()
	m.gone(gone)
}

// No goroutine is left when many children start and end at the same time.
func TestManyProcesses(t *testing.T) {
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			s, o := spec("puppet")
			p, err := Start(s)
			if err != nil {
				t.Errorf("start: got error %v, want none", err)
				return
			}
			p.Write([]byte(initLine))
			<-o.batches
			p.Close()
			p.Close()
			if e := <-o.ended; e.Reason != nil || e.State.ExitCode() != 0 {
				t.Errorf("got %+v, exit code %d, want no reason, 0", e, e.State.ExitCode())
			}
		})
	}
	wait.Wait()
	none(t)
}
