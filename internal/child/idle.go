package child

import (
	"context"
	"time"
)

const (
	// idleFor is how long all threads must have slept before the child counts as idle.
	idleFor = 5 * time.Millisecond
	// idleEvery is the interval between two checks of the threads.
	idleEvery = time.Millisecond
	// idleChecks is the least number of checks in a row that found the child quiet. Time
	// alone proves nothing, because a virtual machine may have been paused meanwhile.
	idleChecks = int(idleFor / idleEvery)
)

// WatchIdle calls changed when the child becomes idle and when it stops being idle, until
// ctx is done or the child exits. A child is idle when, for idleFor, the pipes of its
// stdin and stdout were empty in every check and all threads of its process group slept.
// Outside Linux, WatchIdle returns at once.
func (p *Proc) WatchIdle(ctx context.Context, changed func(idle bool)) {
	if !canIdle {
		return
	}
	stdout, err := p.stdout.SyscallConn()
	if err != nil {
		return
	}
	tick := time.NewTicker(idleEvery)
	defer tick.Stop()
	since, checks := time.Now(), 0 // last check that did not find the child quiet; checks after it
	var last uint64                // trace of the last check
	idle := false
	for {
		// Read the pipes before /proc. A thread that empties a pipe before we look at
		// it has run since the last check, so the trace that activity returns has changed.
		in, inOK := inPipe(p.input.raw)
		out, outOK := inPipe(stdout)
		asleep, trace, ok := activity(p.PID())
		quiet := asleep && ok && inOK && outOK && in == 0 && out == 0 && trace == last
		now := time.Now()
		checks++
		if !quiet {
			since, checks = now, 0
		}
		last = trace
		if is := now.Sub(since) >= idleFor && checks >= idleChecks; is != idle {
			idle = is
			changed(idle)
		}
		select {
		case <-ctx.Done():
			return
		case <-p.exited:
			return
		case <-tick.C:
		}
	}
}
