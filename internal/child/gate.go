package child

import (
	"sync"

	"chandy/program"
)

// gate passes the events of a child to the code that handles them. It runs one event at a
// time, and keeps their order.
//
// A child that is restored runs before the program has a process, and so before there is a
// loop. Its events are handled at once then, under the gate's lock. From the moment when the
// child has taken its state they are kept. Start opens the gate: from then on all events go
// to the node's loop.
type gate struct {
	mu      sync.Mutex      // guards the fields below, and Program before Start
	held    bool            // events are kept
	kept    []func()        // bounded by the pipes of the child, which is stopped
	process program.Process // nil before Start
	lines   []string        // of stderr, before Start; at most stderrMax
	skipped int             // further lines of stderr
}

// stderrMax is the most lines of stderr that are kept until there is a log.
const stderrMax = 100

// do handles an event.
func (g *gate) do(f func()) {
	g.mu.Lock()
	process := g.process
	if process == nil {
		defer g.mu.Unlock()
		if g.held {
			g.kept = append(g.kept, f)
		} else {
			f()
		}
		return
	}
	g.mu.Unlock()
	process.Do(f)
}

// open passes all events to the loop, the kept ones first.
func (g *gate) open(p program.Process) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, f := range g.kept {
		p.Do(f)
	}
	g.held, g.kept, g.process = false, nil, p
}

// keepLine keeps a line of stderr. It reports false once the gate is open.
func (g *gate) keepLine(line string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.process != nil:
		return false
	case len(g.lines) < stderrMax:
		g.lines = append(g.lines, line)
	default:
		g.skipped++
	}
	return true
}

// wait returns when the event in progress is over.
func (g *gate) wait() {
	g.mu.Lock()
	defer g.mu.Unlock()
}
