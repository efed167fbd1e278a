package child

import (
	"context"
	"slices"
	"time"
)

const (
	// idleFor is how long all threads must have slept before the child counts as idle, if it
	// is not known that they wait for input.
	idleFor = 5 * time.Millisecond
	// idleEvery is the interval between two checks of the threads.
	idleEvery = time.Millisecond
	// idleChecks is the least number of checks in a row that found the child quiet. Time
	// alone proves nothing, because a virtual machine may have been paused meanwhile.
	idleChecks = int(idleFor / idleEvery)
)

// atOnceChecks is the number of checks that follow one another without a pause. A child
// that waits for its input can be proven idle by them.
const atOnceChecks = 3

// WatchIdle calls changed when the child becomes idle and when it stops being idle, until
// ctx is done or the child exits. It returns the processes of the group that it has found.
// Outside Linux, it returns at once.
//
// A child is idle at a moment at which the pipes of its stdin and stdout are empty, all
// threads of its process group sleep, and each waits for an event from outside: see
// waitForInput. Nothing more can then happen without input, and this is proven by few
// checks in a row. Some threads wait in another way, for example with a short time limit.
// Then a child counts as idle when the pipes were empty in every check and all threads slept
// for idleFor. That is a strong sign and no proof.
func (p *Proc) WatchIdle(ctx context.Context, changed func(idle bool)) (pids []int) {
	if !canIdle {
		return nil
	}
	stdout, err := p.stdout.SyscallConn()
	if err != nil {
		return nil
	}
	tick := time.NewTicker(idleEvery)
	defer tick.Stop()
	since, checks := time.Now(), 0 // last check that did not find the child quiet; checks after it
	group := processes{group: p.PID(), pids: []int{p.PID()}}
	idle := false
	for all := 0; ; {
		// Read the pipes before /proc. A thread that empties a pipe before we look at
		// it has run since the last check, so the trace that activity returns has changed.
		in, inOK := inPipe(p.input.raw)
		out, outOK := inPipe(stdout)
		empty := inOK && outOK && in == 0 && out == 0
		// Read before group.quiet for the same reason.
		proven := empty && group.all && waitForInput(group.pids)
		quiet := group.quiet() && empty
		now := time.Now()
		checks++
		if !quiet {
			since, checks = now, 0
		}
		if is := quiet && (idle || proven) || now.Sub(since) >= idleFor && checks >= idleChecks; is != idle {
			idle = is
			changed(idle)
		}
		if all++; all < atOnceChecks {
			continue
		}
		select {
		case <-ctx.Done():
			return group.pids
		case <-p.exited:
			return group.pids
		case <-tick.C:
		}
	}
}

// processes watches the processes of a group. To find them takes a look at every process
// of the machine, so quiet does that only once in each period in which the known processes
// sleep. That is enough: only a member that runs can start another, and the sum of activity
// shows that none has run since. (A process of another group that joins is not seen.)
type processes struct {
	group int
	pids  []int  // known members
	sum   uint64 // of the last call of activity
	all   bool   // pids has been complete since the known members last ran
}

// quiet reports whether all processes of the group sleep and have slept since the last call.
func (g *processes) quiet() bool {
	g.pids = slices.DeleteFunc(g.pids, func(pid int) bool { return !inGroup(pid, g.group) }) // ended
	asleep, sum, ok := activity(g.pids)
	quiet := asleep && ok && sum == g.sum
	g.sum = sum
	if quiet && !g.all {
		pids := members(g.group)
		quiet = slices.Equal(pids, g.pids)
		g.pids = pids
	}
	g.all = quiet
	return quiet
}
