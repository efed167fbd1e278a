package netnode_test

import (
	"context"
	"io"
	"maps"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"chandy/netnode"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// goroutines are the stacks of those that are in netnode or were started by it, but
// for those of the tests.
func goroutines() []string {
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	var stacks []string
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		if strings.Contains(stack, "chandy/netnode.") {
			stacks = append(stacks, stack)
		}
	}
	return stacks
}

// none fails if a goroutine of a node is left. One that has done its last thing may
// still be seen for a moment.
func none(t *testing.T, after string) {
	t.Helper()
	for begun := time.Now(); ; runtime.Gosched() {
		stacks := goroutines()
		if len(stacks) == 0 {
			return
		}
		if time.Since(begun) > time.Second {
			t.Fatalf("after %s %d goroutines are left:\n%s", after, len(stacks), strings.Join(stacks, "\n\n"))
		}
	}
}

// When Run has returned, none of the node's goroutines is left, whatever went on
// when it was asked to stop.
func TestGoroutines(t *testing.T) {
	none(t, "other tests")
	for _, test := range []struct {
		name string
		with func(ctx context.Context, p *proxy, c *cluster)
	}{
		{"nothing", func(context.Context, *proxy, *cluster) {}},
		{"the first connections", func(ctx context.Context, p *proxy, _ *cluster) {
			p.await(ctx, route{"127.0.0.1:7101", "127.0.0.1:7102"}, 1, false)
		}},
		{"load", func(ctx context.Context, _ *proxy, c *cluster) { c.waitUp(ctx) }},
		{"a peer that is gone", func(ctx context.Context, _ *proxy, c *cluster) {
			c.waitUp(ctx)
			c.stop("p3")
		}},
		{"resets", func(ctx context.Context, p *proxy, c *cluster) {
			c.waitUp(ctx)
			for range 5 {
				p.any(wire.RoleChannel).reset()
			}
		}},
		{"a connection that stands still", func(ctx context.Context, p *proxy, c *cluster) {
			c.waitUp(ctx)
			p.await(ctx, route{"127.0.0.1:7101", "127.0.0.1:7102"}, 1, true).hold()
		}},
		{"strangers that say nothing, and clients that ask nothing", func(ctx context.Context, p *proxy, c *cluster) {
			for range 10 {
				socket, err := p.tcp.Dial(ctx, "127.0.0.1:7101")
				if err != nil {
					p.t.Fatal(err)
				}
				p.t.Cleanup(func() { socket.Close() })
				client := c.client(ctx, "p2")
				p.t.Cleanup(func() { client.Close() })
			}
		}},
		{"snapshots", func(ctx context.Context, p *proxy, c *cluster) {
			c.waitUp(ctx)
			for range 5 {
				client := c.client(ctx, "p1")
				p.t.Cleanup(func() { client.Close() })
				ctx, cancel := context.WithCancel(ctx)
				go client.Initiate(ctx, nil, time.Minute, false, io.Discard, nil)
				p.t.Cleanup(cancel)
			}
			c.status(ctx, "p1") // after the requests, likely
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			p := newProxy(t, seeded(t))
			c := newCluster(t, p.from, bankFile(3, "[network]\noutbox_high = \"128KiB\"\n"))
			_, all := newTally(ctx, t)
			all.start(c, 1<<62, 1<<10)
			test.with(ctx, p, c)
			c.stopAll()
			none(t, test.name)
		})
	}
}

// A node that ends by itself leaves nothing either, nor does one that never ran.
func TestGoroutinesOfFailure(t *testing.T) {
	tcp := &netnode.Loopback{}
	c := newCluster(t, func(string) netnode.Network { return tcp }, bankFile(2, ""))
	c.start("p2")
	s := &sender{started: make(chan struct{})}
	c.host("p1", s)
	<-s.started
	r := c.nodes["p1"]
	delete(c.nodes, "p1")
	s.process.Do(func() { s.process.Stop(net.ErrClosed) })
	if err := <-r.done; err != net.ErrClosed {
		t.Errorf("ended with %v", err)
	}
	c.stop("p2")
	n, err := netnode.New(netnode.Options{Cluster: c.config, ID: "p1", Program: idle{}, Network: tcp, Log: testLog()})
	if err != nil {
		t.Fatal(err)
	}
	n.Close()
	none(t, "failure")
}

// holdings is what every node holds.
func (c *cluster) holdings() map[snapshot.ProcessID]map[string]int {
	all := map[snapshot.ProcessID]map[string]int{}
	for id, r := range c.nodes {
		done := make(chan struct{})
		r.node.Holdings(func(held map[string]int) {
			if held["ended ids"] <= snapshot.EndedMax { // forgotten when the next snapshot ends
				delete(held, "ended ids")
			}
			all[id] = held
			close(done)
		})
		<-done
	}
	return all
}

// settled is what every node holds when nothing has happened for a long time, in a
// bubble, and the heap then.
func (c *cluster) settled() (map[snapshot.ProcessID]map[string]int, uint64) {
	time.Sleep(time.Hour)
	synctest.Wait()
	held := c.holdings()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return held, m.HeapAlloc
}

// After 1,000 snapshots, 1,000 abandoned ones and 1,000 disconnects a node holds
// what it held before, and the heap is what it was.
func TestVirtualHeap(t *testing.T) {
	times := 1000
	if raceEnabled {
		times = 30
	}
	text := bankFile(3, "transfers_per_second = 20\n[network]\ndelay = \"60ms\"\n[snapshot]\nlimit = 50\n")
	virtual(t, text, func(t *testing.T, network *memNetwork, c *cluster) {
		var programs []*stoppable
		for _, id := range c.config.IDs() {
			p := &stoppable{}
			programs = append(programs, p)
			c.host(id, p)
		}
		c.waitUp(t.Context())
		run := func(n int, f func(i int)) {
			for _, p := range programs {
				p.run(true)
			}
			for i := range n {
				f(i)
			}
			for _, p := range programs {
				p.run(false)
			}
		}
		address := func(i int) string { return c.config.Processes[i%3].Address }
		ids := c.config.IDs()
		phases := []struct {
			name string
			f    func(i int)
		}{
			{"snapshots", func(i int) {
				if s, err := c.snapshot(t.Context(), time.Minute, ids[i%3]); err != nil || s.Status != "complete" {
					t.Errorf("%+v, %v", s, err)
				}
			}},
			{"abandoned snapshots", func(i int) {
				if s, err := c.snapshot(t.Context(), time.Duration(1+i%19)*time.Millisecond, ids[i%3]); err != nil || s.Status != "partial" {
					t.Errorf("%+v, %v", s, err)
				}
			}},
			{"disconnects", func(i int) {
				network.cut(address(i), address(i+1+i/3%2))
				time.Sleep(30 * time.Millisecond)
				if i%100 != 99 {
					return
				}
				for id, held := range c.holdings() { // one a hello in the last five seconds, and a few
					if held["timers"] > 150 {
						t.Errorf("%s after %d disconnects, at work: %v", id, i+1, held)
					}
				}
			}},
			{"clients that leave", func(i int) {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
				defer cancel()
				client := c.client(t.Context(), ids[i%3])
				defer client.Close()
				switch i % 3 {
				case 0:
					client.Initiate(ctx, nil, time.Minute, false, io.Discard, nil)
				case 1:
					client.Call(ctx, []byte(`{"type":"never answered"}`))
				case 2:
					network.cut(address(i), address(i+1))
					client.AwaitUp(ctx)
				}
			}},
		}
		for _, phase := range phases { // so that what is made once has been made
			run(50, phase.f)
		}
		held, heap := c.settled()
		for _, phase := range phases {
			run(times, phase.f)
			after, now := c.settled()
			for id, before := range held {
				if !maps.Equal(before, after[id]) {
					t.Errorf("%s holds %v after %d %s, before %v", id, after[id], times, phase.name, before)
				}
			}
			if now > heap+heap/10 && now > heap+1<<20 {
				t.Errorf("%s: the heap is %d KiB, before %d KiB", phase.name, now>>10, heap>>10)
			}
			t.Logf("after %d %s: heap %d KiB, before %d KiB", times, phase.name, now>>10, heap>>10)
		}
		t.Log("a node at rest holds", held["p1"])
		for name := range held["p1"] {
			if !slices.Contains([]string{"conns", "timers"}, name) {
				t.Errorf("a node at rest holds %s", name)
			}
		}
	})
}

// stoppable is a program that sends a little while it runs, and never answers.
type stoppable struct {
	process program.Process
	running bool
}

func (s *stoppable) Start(p program.Process) { s.process = p }

func (s *stoppable) run(running bool) {
	s.process.Do(func() {
		s.running = running
		s.tick()
	})
}

func (s *stoppable) tick() {
	if !s.running {
		return
	}
	for _, to := range s.process.Channels() {
		s.process.Send(to, make([]byte, 200))
	}
	s.process.After(40*time.Millisecond, s.tick)
}

func (s *stoppable) Receive(snapshot.ProcessID, []byte)     {}
func (s *stoppable) Capture(done func(state program.State)) { done(program.State{Bytes: []byte("{}")}) }
func (s *stoppable) Restore(_ []byte, done func(error))     { done(nil) }
