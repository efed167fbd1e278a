package child

import (
	"context"
	"time"
)

const (
	// idleFor is how long no thread of a child may have run for it to be idle.
	idleFor = 5 * time.Millisecond
	// idleEvery is how often its threads are looked at.
	idleEvery = time.Millisecond
	// idleLooks is how often in a row, at least. Time alone is no sign: in it the whole
	// machine may have stood still, a virtual one above all.
	idleLooks = int(idleFor / idleEvery)
)

// WatchIdle tells, until ctx is done, when the child becomes idle and when it no
// longer is: nothing is in its pipes, and all threads of its process group have
// slept for idleFor without one having run. It never becomes so where the system
// does not tell.
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
