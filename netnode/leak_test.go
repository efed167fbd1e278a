package netnode_test

import (
	"context"
	"io"
	"maps"
	"net"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"chandy/internal/clustertest"
	"chandy/internal/explore"
	"chandy/netnode"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// none fails if a goroutine of a node is left.
func none(t *testing.T) {
	t.Helper()
	clustertest.NoGoroutines(t, "chandy/netnode.")
}

// No goroutine of a node is left when Run has returned, whatever the node did when it
// was stopped.
func TestGoroutines(t *testing.T) {
	none(t)
	for _, test := range []struct {
		name string
		with func(p *proxy, c *clustertest.Cluster)
	}{
		{"nothing", func(*proxy, *clustertest.Cluster) {}},
		{"the first connections", func(p *proxy, c *clustertest.Cluster) {
			p.await(c.Ctx, route{"127.0.0.1:7101", "127.0.0.1:7102"}, 1, false)
		}},
		{"load", func(_ *proxy, c *clustertest.Cluster) { c.Up() }},
		{"a peer that is gone", func(_ *proxy, c *clustertest.Cluster) {
			c.Up()
			c.Stop("p3")
		}},
		{"resets", func(p *proxy, c *clustertest.Cluster) {
			c.Up()
			for range 5 {
				p.any(wire.RoleChannel).reset()
			}
		}},
		{"a connection that stands still", func(p *proxy, c *clustertest.Cluster) {
			c.Up()
			p.await(c.Ctx, route{"127.0.0.1:7101", "127.0.0.1:7102"}, 1, true).hold()
		}},
		{"strangers that say nothing, and clients that ask nothing", func(p *proxy, c *clustertest.Cluster) {
			for range 10 {
				socket, err := p.tcp.Dial(c.Ctx, "127.0.0.1:7101")
				if err != nil {
					p.t.Fatal(err)
				}
				p.t.Cleanup(func() { socket.Close() })
				client := c.Client("p2")
				p.t.Cleanup(func() { client.Close() })
			}
		}},
		{"snapshots", func(p *proxy, c *clustertest.Cluster) {
			c.Up()
			for range 5 {
				client := c.Client("p1")
				p.t.Cleanup(func() { client.Close() })
				ctx, cancel := context.WithCancel(c.Ctx)
				go client.Initiate(ctx, nil, time.Minute, false, io.Discard, nil)
				p.t.Cleanup(cancel)
			}
			c.Status("p1") // after the requests, likely
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProxy(t)
			c := p.cluster(bankFile(3, "[network]\noutbox_high = \"128KiB\"\n"))
			newTally(t, c).start(1<<62, 1<<10)
			test.with(p, c)
			c.StopAll()
			none(t)
		})
	}
}

// No goroutine is left either of a node that ended by itself, or that never ran.
func TestGoroutinesOfFailure(t *testing.T) {
	c := clustertest.New(t, bankFile(2, ""), banks)
	c.Start("p2")
	p1 := c.Drive("p1")
	p1.Do(func() { p1.Stop(net.ErrClosed) })
	if err := c.Ended("p1"); err != net.ErrClosed {
		t.Errorf("got error %v, want %v", err, net.ErrClosed)
	}
	c.Stop("p2")
	n, err := netnode.New(netnode.Options{Cluster: c.Config, ID: "p1", Program: clustertest.Idle{}, Network: c.Network("client")})
	if err != nil {
		t.Fatal(err)
	}
	n.Close()
	none(t)
}

// holdings returns what every node holds.
func holdings(c *clustertest.Cluster) map[snapshot.ProcessID]map[string]int {
	all := map[snapshot.ProcessID]map[string]int{}
	for _, id := range c.Config.IDs() {
		done := make(chan struct{})
		c.Node(id).Holdings(func(held map[string]int) {
			if held["ended ids"] <= snapshot.EndedMax { // they stay
				delete(held, "ended ids")
			}
			all[id] = held
			close(done)
		})
		<-done
	}
	return all
}

// settled returns what every node holds, and the size of the heap in bytes, after an hour in
// which nothing happens. It must be called in a bubble.
func settled(c *clustertest.Cluster) (map[snapshot.ProcessID]map[string]int, uint64) {
	time.Sleep(time.Hour)
	synctest.Wait()
	held := holdings(c)
	c.Log.Reset()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return held, m.HeapAlloc
}

// After 1,000 snapshots, 1,000 abandoned ones, 1,000 disconnects and 1,000 clients that leave,
// a node holds what it held before, and the heap is no larger.
func TestVirtualHeap(t *testing.T) {
	times := 1000
	if explore.Race {
		times = 10
	}
	text := bankFile(3, "transfers_per_second = 20\n[network]\ndelay = \"60ms\"\n[snapshot]\nlimit = 50\n")
	clustertest.Virtual(t, text, banks, func(t *testing.T, c *clustertest.Cluster) {
		var programs []*stoppable
		for _, id := range c.Config.IDs() {
			p := &stoppable{}
			programs = append(programs, p)
			c.Host(id, p)
		}
		c.Up()
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
		ids := c.Config.IDs()
		address := func(i int) string { return c.Address(ids[i%3]) }
		phases := []struct {
			name string
			f    func(i int)
		}{
			{"snapshots", func(i int) {
				c.Complete(ids[i%3])
			}},
			{"abandoned snapshots", func(i int) {
				if s := c.Snapshot(time.Duration(1+i%19)*time.Millisecond, ids[i%3]); s.Complete() {
					t.Errorf("got %s, want partial", s)
				}
			}},
			{"disconnects", func(i int) {
				c.Memory.Cut(address(i), address(i+1+i/3%2))
				time.Sleep(30 * time.Millisecond)
				if i%100 != 99 {
					return
				}
				for id, held := range holdings(c) { // one for each hello of the last five seconds, and a few
					if held["timers"] > 150 {
						t.Errorf("%s after %d disconnects, at work: got %v, want at most 150 timers", id, i+1, held)
					}
				}
			}},
			{"clients that leave", func(i int) {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
				defer cancel()
				client := c.Client(ids[i%3])
				defer client.Close()
				switch i % 3 {
				case 0:
					client.Initiate(ctx, nil, time.Minute, false, io.Discard, nil)
				case 1:
					client.Call(ctx, []byte(`{"type":"never answered"}`))
				case 2:
					c.Memory.Cut(address(i), address(i+1))
					client.AwaitUp(ctx)
				}
			}},
		}
		for _, phase := range phases { // what is made only once is made here
			run(50, phase.f)
		}
		held, heap := settled(c)
		for _, phase := range phases {
			run(times, phase.f)
			after, now := settled(c)
			for id, before := range held {
				if !maps.Equal(before, after[id]) {
					t.Errorf("%s after %d %s: got holdings %v, want those before, %v", id, times, phase.name, after[id], before)
				}
			}
			if now > heap+1<<20+idsRoom {
				t.Errorf("%s: got a heap of %d KiB, want about as before, %d KiB", phase.name, now>>10, heap>>10)
			}
			t.Logf("after %d %s: heap %d KiB, before %d KiB", times, phase.name, now>>10, heap>>10)
		}
		t.Log("a node at rest holds", held["p1"])
		for name := range held["p1"] {
			if !slices.Contains([]string{"conns", "timers"}, name) {
				t.Errorf("a node at rest: got %s in its holdings, want conns and timers only", name)
			}
		}
	})
}

// idsRoom is what three processes need to remember 4,096 ended snapshots each.
const idsRoom = 3 * 4096 * 128

// stoppable is a program that sends a little while it runs, and never answers.
type stoppable struct {
	clustertest.Idle
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
