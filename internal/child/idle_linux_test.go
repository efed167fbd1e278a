package child

import (
	"os"
	"runtime"
	"strings"
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

// A child that only waits for its input is proven idle. A child that sleeps and then works,
// or that has a socket, never is.
func TestWaitingForInputProvesIdle(t *testing.T) {
	proven := func(g *processes) bool { // as WatchIdle does it
		all := g.all
		waits := waitForInput(g.pids)
		return g.quiet() && all && waits
	}
	waiting := begin(t, "puppet")
	waiting.Write([]byte(initLine))
	waiting.next(t)
	g := &processes{group: waiting.PID(), pids: []int{waiting.PID()}}
	for !proven(g) { // the Go runtime of the child comes to rest after a while
	}
	for _, kind := range []string{"dozer", "deaf"} {
		m := newMeeting(t)
		o := begin(t, kind, "ADDRESS", m.listener.Addr().String())
		o.Write([]byte(initLine))
		conn := m.come()
		if kind == "dozer" {
			conn.Write([]byte("."))
			m.gone(conn) // it has no socket from now on
		}
		g := &processes{group: o.PID(), pids: []int{o.PID()}}
		for check := range 2000 {
			if proven(g) {
				t.Fatalf("%s: got idle in check %d, want never", kind, check)
			}
		}
	}
}

// Only calls without a time limit, or with one of a second or more, wait for input.
func TestWaits(t *testing.T) {
	process := "/proc/self"
	for call, want := range map[string]bool{
		"running": false,
		"0 0x0 0x55b41643fd00 0x2000 0x7f5ff79b5a58 0x0 0x0 0x7ffd9216a4d8 0x7f5ff7b162ad": true,  // read of stdin
		"0 0x7 0x55b41643fd00 0x2000 0x7f5ff79b5a58 0x0 0x0 0x7ffd9216a4d8 0x7f5ff7b162ad": false, // of something else
		"230 0x0 0x0 0x7fff7caec160 0x7fff7caec1a0 0x0 0x0 0x7fff7caec148 0x7fccb4dc3503":  false, // clock_nanosleep
		"202 0xc313830 0x189 0x0 0x0 0x0 0xffffffff 0x0 0x0":                               true,  // futex
		"202 0xc313830 0x189 0x0 0x7f0000000000 0x0 0xffffffff 0x0 0x0":                    false, // until a time
		"202 0xc313830 0x80 0x0 0x1 0x0 0x0 0x0 0x0":                                       false, // an unknown limit
		"202 0xc313830 0x81 0x0 0x0 0x0 0x0 0x0 0x0":                                       false, // a wake
		"281 0x9 0x7f1f17919cf0 0x400 0xffffffff 0x0 0x8 0x0 0x0":                          true,  // epoll_pwait
		"281 0xd 0x7fff69451dd0 0x400 0x1f4 0x0 0x8 0x0 0x0":                               false, // for 500 ms
		"7 0x7fff69451dd0 0x1 0xffffffffffffffff 0x0 0x8 0x0 0x0 0x0":                      true,  // poll
		"7 0x7fff69451dd0 0x1 0x64 0x0 0x8 0x0 0x0 0x0":                                    false,
		"271 0x7fff69451dd0 0x1 0x0 0x0 0x8 0x0 0x0 0x0":                                   true, // ppoll
		"61 0xffffffff 0x7fff69451dd0 0x0 0x0 0x8 0x0 0x0 0x0":                             true, // wait4
	} {
		if runtime.GOARCH == "amd64" && waits(strings.Fields(call), process) != want {
			t.Errorf("%s: got %v, want %v", call, !want, want)
		}
	}
}
