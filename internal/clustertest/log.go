package clustertest

import (
	"strings"
	"sync"
)

// tailMax is how much of a log a failed test prints, in bytes.
const tailMax = 64 << 10

// Log is the log of all nodes of a cluster, which a failed test prints.
type Log struct {
	mu      sync.Mutex // guards the fields below
	text    strings.Builder
	changed chan struct{} // closed when a line comes
}

func newLog() *Log { return &Log{changed: make(chan struct{})} }

// Write implements io.Writer for a logger.
func (l *Log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.changed)
	l.changed = make(chan struct{})
	return l.text.Write(line)
}

// Reset forgets all lines.
func (l *Log) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Reset()
}

// String returns all lines.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *Log) tail() string {
	text := l.String()
	return text[max(0, len(text)-tailMax):]
}

// Logged waits until the log has a part of a line.
func (c *Cluster) Logged(part string) {
	c.t.Helper()
	for {
		c.Log.mu.Lock()
		changed, has := c.Log.changed, strings.Contains(c.Log.text.String(), part)
		c.Log.mu.Unlock()
		if has {
			return
		}
		select {
		case <-changed:
		case <-c.Ctx.Done():
			c.t.Fatalf("got a log without %q, want it", part)
		}
	}
}
