package child

import (
	"os"
	"testing"
)

// A process that the child has started is looked at too. Processes of other groups are not.
func TestIdleMeansTheWholeProcessGroup(t *testing.T) {
	m := newMeeting(t)
	o := begin(t, "parent", "ADDRESS", m.listener.Addr().String())
	o.Write([]byte(initLine))
	m.come()
	g := processes{group: o.PID(), pids: []int{o.PID(), os.Getpid()}}
	for !g.quiet() {
	}
	if len(g.pids) != 2 || !g.all {
		t.Errorf("got the processes %v, want the child %d and the one that it has started", g.pids, o.PID())
	}
}
