package netnode_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/internal/clustertest"
	"chandy/netnode"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

func TestVirtualSnapshot(t *testing.T) {
	clustertest.Virtual(t, bankFile(5, "transfers_per_second = 100\n[network]\ndelay = \"50ms\"\n"), banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start()
		c.Up()
		time.Sleep(time.Second)
		for _, id := range c.Config.IDs() {
			s := c.Snapshot(time.Second, id)
			if s.Status() != "complete" || sum(s) != 5000 || s.End.InFlight == 0 {
				t.Errorf("%s: got %s, sum %d, in flight %d; want complete, 5000, some", id, s.Status(), sum(s), s.End.InFlight)
			}
			// Markers and what goes before them take 50 ms a hop, and any process is one
			// hop from any other: two hops, and what the parts take.
			if s.End.ElapsedMS > 150 {
				t.Errorf("%s: got %v ms, want at most 150", id, s.End.ElapsedMS)
			}
		}
	})
}

// An absent process makes the snapshot partial, exactly at the time-out. The next
// snapshot, after the process has come, is complete.
func TestVirtualAbsentProcess(t *testing.T) {
	clustertest.Virtual(t, bankFile(3, "transfers_per_second = 100\n"), banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start("p1", "p2")
		time.Sleep(time.Second)
		s := c.Snapshot(2*time.Second, "p1")
		if s.Status() != "partial" || len(s.Processes) != 2 || s.End.ElapsedMS != 2000 {
			t.Errorf("got %s with %d processes after %v ms, want partial with 2 after 2000", s.Status(), len(s.Processes), s.End.ElapsedMS)
		}
		if len(s.Missing) != 1 || s.Missing[0].Process != "p3" || s.Missing[0].Reason != "unreachable" ||
			!strings.Contains(s.Missing[0].Detail, "p1->p3 is down for 3s") {
			t.Errorf("missing: got %+v, want p3, unreachable, p1->p3 down for 3s", s.Missing)
		}
		c.Start("p3")
		c.Up()
		if s = c.Complete("p2"); sum(s) != 3000 {
			t.Errorf("after p3 came: got sum %d, want 3000", sum(s))
		}
	})
}

// nameless is a network on which the names of processes resolve only some time after its
// first use.
type nameless struct {
	netnode.Network
	until time.Time
}

func (n nameless) Dial(ctx context.Context, address string) (net.Conn, error) {
	if time.Now().Before(n.until) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: address, IsNotFound: true}}
	}
	return n.Network.Dial(ctx, address)
}

// A name that does not resolve is no reason to give a channel up: it may resolve later.
func TestVirtualNamesResolveLate(t *testing.T) {
	clustertest.Virtual(t, bankFile(3, "transfers_per_second = 100\n"), banks, func(t *testing.T, c *clustertest.Cluster) {
		const late = time.Minute
		until := time.Now().Add(late)
		c.Wrap(func(n netnode.Network) netnode.Network { return nameless{n, until} })
		c.Start()
		time.Sleep(late)
		c.Up()
		if took := time.Since(until); took > 2*time.Second {
			t.Errorf("got all channels up %v after the names resolve, want at most 2s", took)
		}
		if s := c.Complete("p2"); sum(s) != 3000 {
			t.Errorf("got sum %d, want 3000", sum(s))
		}
	})
}

// late is a program that has no state until it is told to have one.
type late struct {
	program.Process
	limits []time.Duration // of its captures
}

func (l *late) Start(p program.Process)            { l.Process = p }
func (l *late) Receive(snapshot.ProcessID, []byte) {}
func (l *late) Restore(_ []byte, done func(error)) { done(nil) }
func (l *late) Capture(func(program.State))        { panic("got Capture, want CaptureWithin") }
func (l *late) CaptureWithin(left func() time.Duration, done func(program.State)) {
	limit := left()
	l.limits = append(l.limits, limit)
	time.AfterFunc(limit, func() { l.Do(func() { done(program.State{Error: "not yet"}) }) })
}

// A program that cannot return its state in time says so in time, at its own process and
// at that of the assembler. The channels are recorded.
func TestVirtualTimedCapture(t *testing.T) {
	clustertest.Virtual(t, bankFile(3, "[network]\ndelay = \"100ms\"\n"), banks, func(t *testing.T, c *clustertest.Cluster) {
		slow := &late{}
		c.Start("p1", "p3")
		c.Host("p2", slow)
		c.Up()
		for _, at := range []snapshot.ProcessID{"p1", "p2"} {
			s := c.Snapshot(2*time.Second, at)
			if s.Status() != "complete" || s.Processes[1].State.Error != "not yet" {
				t.Errorf("at %s: got %s with the state error %q, want complete with %q", at, s.Status(), s.Processes[1].State.Error, "not yet")
			}
		}
		if want := []time.Duration{1900 * time.Millisecond / 3, 2 * time.Second / 3}; !slices.Equal(slow.limits, want) {
			t.Errorf("got the limits %v, want %v: a third of 2s, the first less the 100ms that its marker took", slow.limits, want)
		}
	})
}

// A snapshot is complete however many programs on a path return no state in time.
func TestVirtualTimedCapturesOnAPath(t *testing.T) {
	for _, n := range []int{6, 40} {
		for _, last := range []string{"", `"p1"`} { // a line and a ring
			processes := clustertest.IDs("p", n)
			for i := range processes {
				to := last
				if i+1 < n {
					to = fmt.Sprintf("%q", processes[i+1])
				}
				processes[i] += " channels = [" + to + "]"
			}
			text := clustertest.File("[program]\nkind = \"bank\"\n[network]\ndelay = \"2ms\"\n", processes...)
			clustertest.Virtual(t, text, banks, func(t *testing.T, c *clustertest.Cluster) {
				for _, id := range c.Config.IDs() {
					c.Host(id, &late{})
				}
				c.Up()
				s := c.Snapshot(10*time.Second, "p1")
				if s.Status() != "complete" {
					t.Errorf("%d processes, the last with channels to [%s]: got %s, missing %v, want complete", n, last, s.Status(), s.Missing)
				}
				for _, p := range s.Processes {
					if p.State.Error != "not yet" {
						t.Errorf("%s: got the state error %q, want \"not yet\"", p.ID, p.State.Error)
					}
				}
			})
		}
	}
}

// A snapshot that waits for a channel that is down is completed when it comes up.
func TestVirtualLateProcess(t *testing.T) {
	clustertest.Virtual(t, bankFile(3, "transfers_per_second = 100\n"), banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start("p1", "p2")
		result := c.Begin(10*time.Second, "p1")
		time.Sleep(4 * time.Second)
		c.Start("p3")
		if s := <-result; s == nil {
			t.Fatal("got no snapshot, want one")
		} else if !s.Complete() || sum(s) != 3000 || s.End.ElapsedMS < 4000 || s.End.ElapsedMS > 6000 {
			t.Errorf("got %s after %v ms, want complete, sum 3000, after 4000 to 6000 ms", s, s.End.ElapsedMS)
		}
	})
}

// Connections that break lose, double and reorder nothing.
func TestVirtualDisconnects(t *testing.T) {
	clustertest.Virtual(t, bankFile(3, "transfers_per_second = 1000\n[network]\ndelay = \"5ms\"\n"), banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start()
		c.Up()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := 0; ctx.Err() == nil; i++ {
				ids := c.Config.Processes
				c.Memory.Cut(ids[i%3].Address, ids[(i+1+i/3%2)%3].Address)
				time.Sleep(7 * time.Millisecond)
			}
		}()
		for range 50 {
			s := c.Snapshot(5*time.Second, "p2")
			if s.Status() != "complete" || sum(s) != 3000 {
				t.Errorf("got %s, sum %d, missing %v; want complete, 3000", s.Status(), sum(s), s.Missing)
			}
		}
		cancel()
		<-done
	})
}

var oneWay = clustertest.File(`
[program]
kind = "bank"
balance = 1000000
transfers_per_second = 1000
[network]
delay = "20ms"
`, `a1 channels = ["b"]`, `a2 channels = ["b"]`, `b channels = ["b", "z"]`, "z channels = []")

// Where no process reaches all, as many initiators start as are needed, and an
// initiator without incoming channels is asked only once.
func TestVirtualOneWay(t *testing.T) {
	clustertest.Virtual(t, oneWay, banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start()
		c.Up()
		time.Sleep(200 * time.Millisecond)
		for range 3 {
			s := c.Snapshot(5*time.Second, "a1")
			if s.Status() != "complete" || sum(s) != 4000000 || s.End.InFlight == 0 {
				t.Errorf("got %s, sum %d, in flight %d, missing %v; want complete, 4000000, some", s.Status(), sum(s), s.End.InFlight, s.Missing)
			}
		}
		_, err := c.Take(time.Second, "a1", "b")
		var refusal *wire.ErrorReply
		if !errors.As(err, &refusal) || refusal.Code != wire.CodeUnreachable {
			t.Errorf("initiators a1 and b: got %v, want %s", err, wire.CodeUnreachable)
		}
	})
}

// Above the limit a snapshot is refused. The snapshots in progress are not affected.
func TestVirtualLimit(t *testing.T) {
	clustertest.Virtual(t, bankFile(2, "[snapshot]\nlimit = 3\n[network]\ndelay = \"100ms\"\n"), banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start()
		c.Up()
		results := make(chan error, 5)
		for range 5 {
			go func() {
				s, err := c.Take(time.Second, "p1")
				if err == nil && s.Status() != "complete" {
					err = errors.New(s.Status())
				}
				results <- err
			}()
		}
		refused := 0
		for range 5 {
			err := <-results
			var refusal *wire.ErrorReply
			if errors.As(err, &refusal) && refusal.Code == wire.CodeLimit {
				refused++
			} else if err != nil {
				t.Errorf("got %v, want a complete snapshot or %s", err, wire.CodeLimit)
			}
		}
		if refused != 2 {
			t.Errorf("got %d of 5 refused, want 2", refused)
		}
	})
}

// A restarted process makes the snapshots in progress partial, and is named.
func TestVirtualRestart(t *testing.T) {
	clustertest.Virtual(t, bankFile(3, "transfers_per_second = 100\n[network]\ndelay = \"300ms\"\n"), banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start()
		c.Up()
		time.Sleep(time.Second)
		result := c.Begin(10*time.Second, "p1")
		time.Sleep(100 * time.Millisecond)
		c.Stop("p3")
		c.Start("p3")
		s := <-result
		if s == nil || s.Status() != "partial" || s.End.ElapsedMS > 5000 {
			t.Fatalf("got %s, want partial, before its time-out", s)
		}
		restarted := false
		for _, m := range s.Missing {
			restarted = restarted || m.Reason == snapshot.ProcessRestarted
		}
		if !restarted {
			t.Errorf("missing: got %+v, want %s of p3", s.Missing, snapshot.ProcessRestarted)
		}
		c.Up()
		c.Complete("p1")
	})
}

// When a process restarts whose part is not complete, the assembler ends the snapshot
// then, and not at its time-out, although its own part is complete.
func TestVirtualRestartAfterOwnPart(t *testing.T) {
	text := clustertest.File("[program]\nkind = \"bank\"\ntransfers_per_second = 0\n",
		`p1 channels = ["p2", "p3"]`, `p2 channels = ["p3"]`, `p3 channels = ["p1"]`)
	clustertest.Virtual(t, text, banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start()
		c.Up()
		c.Memory.Swallow(c.Address("p2"), c.Address("p3")) // p3 waits for the marker of p2
		result := c.Begin(10*time.Second, "p1")
		time.Sleep(time.Second)
		c.Stop("p3")
		c.Start("p3")
		s := <-result
		if s == nil || s.Status() != "partial" || s.End.ElapsedMS > 4000 {
			t.Fatalf("got %s, want partial, before its time-out", s)
		}
		if m := s.Missing[0]; m.Process != "p3" || m.Reason != snapshot.ProcessRestarted {
			t.Errorf("missing: got %+v, want %s of p3", s.Missing, snapshot.ProcessRestarted)
		}
	})
}
