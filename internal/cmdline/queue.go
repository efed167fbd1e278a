package cmdline

import (
	"io"
	"sync"
	"time"
)

// LineQueue writes lines to a writer that may block, such as a pipe that nobody reads or
// a terminal whose output is stopped. The lines that wait are in memory. While they have
// queueMax bytes or more, the queue drops lines and counts them.
//
// The diode of zerolog does not serve here. It loses wake-ups, so a line can wait for the
// next one. It bounds the number of lines and not their bytes. It also reports collisions
// to the standard logger, which writes to stderr and so may block.
type LineQueue struct {
	out  io.Writer
	lost func(lines int) // logs that lines were dropped; called without mu
	done chan struct{}   // closed when everything is written, the last text too

	mu      sync.Mutex
	changed sync.Cond // signalled when pending grows, and by Close
	pending []byte    // whole lines, not yet written
	dropped int       // lines dropped since pending was last taken
	closed  bool
	last    string // text of Close, valid once closed
}

const (
	// queueMax bounds the bytes that wait, less one line. A batch that is being written has
	// as many again.
	queueMax = 1 << 20
	// closeTimeout is how long Close waits for the writer.
	closeTimeout = 500 * time.Millisecond
)

// NewLineQueue returns a queue with a goroutine that writes to out. The goroutine calls
// lost where lines are missing, with their number. The function lost may write to the
// queue.
func NewLineQueue(out io.Writer, lost func(lines int)) *LineQueue {
	q := &LineQueue{out: out, lost: lost, done: make(chan struct{})}
	q.changed.L = &q.mu
	go q.run()
	return q
}

// Write queues a whole line, or drops it. It never waits for the writer and never fails.
// It is safe for concurrent use.
func (q *LineQueue) Write(line []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dropped > 0 || len(q.pending) >= queueMax { // one gap at a time, so that its place is known
		q.dropped++
		return len(line), nil
	}
	q.pending = append(q.pending, line...)
	q.changed.Signal()
	return len(line), nil
}

// run writes what is pending, in batches, until the queue is closed and empty. A write
// that fails loses its batch: there is no other place to report that.
func (q *LineQueue) run() {
	defer close(q.done)
	var batch []byte
	for {
		q.mu.Lock()
		for len(q.pending) == 0 && !q.closed {
			q.changed.Wait()
		}
		batch, q.pending = q.pending, batch[:0]
		dropped := q.dropped
		q.dropped = 0
		q.mu.Unlock()
		if len(batch) == 0 { // closed
			PrintExact(q.out, q.last)
			return
		}
		if dropped > 0 {
			q.lost(dropped) // before the write, which may take long: so the report stands at the gap
		}
		q.out.Write(batch)
	}
}

// Close queues a last text, even if the queue is full. It returns when everything is
// written, and after closeTimeout in any case. It must be called once.
func (q *LineQueue) Close(last string) {
	q.mu.Lock()
	q.closed, q.last = true, last
	q.changed.Signal()
	q.mu.Unlock()
	select {
	case <-q.done:
	case <-time.After(closeTimeout):
	}
}
