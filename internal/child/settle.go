package child

import (
	"context"
	"time"
)

const (
	// idleFor is how long all threads of an idle child have not run.
	idleFor = 5 * time.Millisecond
	// idleEvery is the interval between two looks at the threads.
	idleEvery = time.Millisecond
	// idleLooks is the least number of looks in a row that find the child quiet. Time
	// alone proves nothing, because a virtual machine may have been paused meanwhile.
	idleLooks = int(idleFor / idleEvery)
)

// WatchIdle calls told when the child becomes idle and when it stops being idle, until ctx
// is done. A child is idle when its pipes are empty and all threads of its process group
// have slept for idleFor. Outside Linux, WatchIdle never calls told.
func (p *Proc) WatchIdle(ctx context.Context, told func(idle bool)) {
	if !canIdle {
		return
	}
	stdout, err := p.stdout.SyscallConn()
	if err != nil {
		return
	}
	tick := time.NewTicker(idleEvery)
	defer tick.Stop()
	var since time.Time // the last sign of life
	var looks int       // after it
	var last uint64
	idle := false
	for {
		// Read the pipe before /proc: a thread that drained it has run since, and
		// activity will show it.
		in, inOK := inPipe(p.input.raw)
		out, outOK := inPipe(stdout)
		asleep, sum, ok := activity(p.PID())
		quiet := asleep && ok && inOK && outOK && in == 0 && out == 0 && sum == last
		now := time.Now()
		looks++
		if !quiet || since.IsZero() {
			since, looks = now, 0
		}
		last = sum
		if is := now.Sub(since) >= idleFor && looks >= idleLooks; is != idle {
			idle = is
			told(idle)
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
