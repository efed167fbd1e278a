package netnode_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// Clusters inside a synctest bubble run the real goroutines over a network in
// memory; time passes only when nothing else can happen, so that a pause costs
// nothing and a time-out is exact.

func virtual(t *testing.T, text string, f func(t *testing.T, net *memNetwork, c *cluster)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := newMemNetwork()
		c := newCluster(t, network.from, text)
		f(t, network, c)
		c.stopAll()
		synctest.Wait()
	})
}

func TestVirtualSnapshot(t *testing.T) {
	virtual(t, bankFile(5, "transfers_per_second = 100\n[network]\ndelay = \"50ms\"\n"), func(t *testing.T, _ *memNetwork, c *cluster) {
		c.startAll()
		c.waitUp(t.Context())
		time.Sleep(time.Second)
		for _, id := range c.config.IDs() {
			s, err := c.snapshot(t.Context(), time.Second, id)
			if err != nil {
				t.Fatal(err)
			}
			if s.Status != "complete" || s.sum() != 5000 || s.end.InFlight == 0 {
				t.Errorf("%s: %s, sum %d, in flight %d", id, s.Status, s.sum(), s.end.InFlight)
			}
			// Markers and what goes before them take 50 ms a hop, and any process is one
			// hop from any other: two hops, and what the parts take.
			if s.end.ElapsedMS > 150 {
				t.Errorf("%s: took %v ms", id, s.end.ElapsedMS)
			}
		}
	})
}

// A process that is not there makes the snapshot partial, exactly at the time-out;
// once it is there the next one is complete.
func TestVirtualAbsentProcess(t *testing.T) {
	virtual(t, bankFile(3, "transfers_per_second = 100\n"), func(t *testing.T, _ *memNetwork, c *cluster) {
		c.start("p1")
		c.start("p2")
		time.Sleep(time.Second)
		s, err := c.snapshot(t.Context(), 2*time.Second, "p1")
		if err != nil {
			t.Fatal(err)
		}
		if s.Status != "partial" || len(s.Processes) != 2 || s.end.ElapsedMS != 2000 {
			t.Errorf("%s with %d processes after %v ms", s.Status, len(s.Processes), s.end.ElapsedMS)
		}
		if len(s.Missing) != 1 || s.Missing[0].Process != "p3" || s.Missing[0].Reason != "unreachable" ||
			!strings.Contains(s.Missing[0].Detail, "p1->p3 is down for 3s") {
			t.Errorf("missing: %+v", s.Missing)
		}
		c.start("p3")
		c.waitUp(t.Context())
		if s, err = c.snapshot(t.Context(), 2*time.Second, "p2"); err != nil || s.Status != "complete" || s.sum() != 3000 {
			t.Errorf("after p3 came: %+v, %v", s, err)
		}
	})
}

// A snapshot that waits for a channel that is down is completed when it comes up.
func TestVirtualLateProcess(t *testing.T) {
	virtual(t, bankFile(3, "transfers_per_second = 100\n"), func(t *testing.T, _ *memNetwork, c *cluster) {
		c.start("p1")
		c.start("p2")
		result := make(chan *taken, 1)
		go func() {
			s, err := c.snapshot(t.Context(), 10*time.Second, "p1")
			if err != nil {
				t.Error(err)
			}
			result <- s
		}()
		time.Sleep(4 * time.Second)
		c.start("p3")
		if s := <-result; s == nil || s.Status != "complete" || s.sum() != 3000 || s.end.ElapsedMS < 4000 || s.end.ElapsedMS > 6000 {
			t.Errorf("%+v", s)
		}
	})
}

// Connections that break lose, double and reorder nothing.
func TestVirtualDisconnects(t *testing.T) {
	virtual(t, bankFile(3, "transfers_per_second = 1000\n[network]\ndelay = \"5ms\"\n"), func(t *testing.T, network *memNetwork, c *cluster) {
		c.startAll()
		c.waitUp(t.Context())
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := 0; ctx.Err() == nil; i++ {
				ids := c.config.Processes
				network.cut(ids[i%3].Address, ids[(i+1+i/3%2)%3].Address)
				time.Sleep(7 * time.Millisecond)
			}
		}()
		for range 50 {
			s, err := c.snapshot(t.Context(), 5*time.Second, "p2")
			if err != nil {
				t.Fatal(err)
			}
			if s.Status != "complete" || s.sum() != 3000 {
				t.Errorf("%s, sum %d: %v", s.Status, s.sum(), s.Missing)
			}
		}
		cancel()
		<-done
	})
}

const oneWay = `name = "test"
[[process]]
id = "a1"
address = "127.0.0.1:7101"
channels = ["b"]
[[process]]
id = "a2"
address = "127.0.0.1:7102"
channels = ["b"]
[[process]]
id = "b"
address = "127.0.0.1:7103"
channels = ["b", "z"]
[[process]]
id = "z"
address = "127.0.0.1:7104"
channels = []
[program]
kind = "bank"
balance = 1000000
transfers_per_second = 1000
[network]
delay = "20ms"
`

// Where no process reaches all, as many initiators start as are needed, and an
// initiator without incoming channels is asked only once.
func TestVirtualOneWay(t *testing.T) {
	virtual(t, oneWay, func(t *testing.T, _ *memNetwork, c *cluster) {
		c.startAll()
		c.waitUp(t.Context())
		time.Sleep(200 * time.Millisecond)
		for range 3 {
			s, err := c.snapshot(t.Context(), 5*time.Second, "a1")
			if err != nil {
				t.Fatal(err)
			}
			if s.Status != "complete" || s.sum() != 4000000 || s.end.InFlight == 0 {
				t.Errorf("%s, sum %d, in flight %d: %v", s.Status, s.sum(), s.end.InFlight, s.Missing)
			}
		}
		_, err := c.snapshot(t.Context(), time.Second, "a1", "b")
		var refusal *wire.ErrorReply
		if !errors.As(err, &refusal) || refusal.Code != wire.CodeUnreachable {
			t.Errorf("initiators a1 and b: %v", err)
		}
	})
}

// Past the limit a snapshot is refused; those in progress do not suffer.
func TestVirtualLimit(t *testing.T) {
	virtual(t, bankFile(2, "[snapshot]\nlimit = 3\n[network]\ndelay = \"100ms\"\n"), func(t *testing.T, _ *memNetwork, c *cluster) {
		c.startAll()
		c.waitUp(t.Context())
		results := make(chan error, 5)
		for range 5 {
			go func() {
				s, err := c.snapshot(t.Context(), time.Second, "p1")
				if err == nil && s.Status != "complete" {
					err = errors.New(s.Status)
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
				t.Error(err)
			}
		}
		if refused != 2 {
			t.Errorf("%d of 5 were refused, not 2", refused)
		}
	})
}

// A restarted process makes the snapshots in progress partial, and is named.
func TestVirtualRestart(t *testing.T) {
	virtual(t, bankFile(3, "transfers_per_second = 100\n[network]\ndelay = \"300ms\"\n"), func(t *testing.T, _ *memNetwork, c *cluster) {
		c.startAll()
		c.waitUp(t.Context())
		time.Sleep(time.Second)
		result := make(chan *taken, 1)
		go func() {
			s, err := c.snapshot(t.Context(), 10*time.Second, "p1")
			if err != nil {
				t.Error(err)
			}
			result <- s
		}()
		time.Sleep(100 * time.Millisecond)
		c.stop("p3")
		c.start("p3")
		s := <-result
		if s == nil || s.Status != "partial" || s.end.ElapsedMS > 5000 {
			t.Fatalf("%+v", s)
		}
		restarted := false
		for _, m := range s.Missing {
			restarted = restarted || m.Reason == string(snapshot.ProcessRestarted)
		}
		if !restarted {
			t.Errorf("missing: %+v", s.Missing)
		}
		c.waitUp(t.Context())
		if s, err := c.snapshot(t.Context(), 10*time.Second, "p1"); err != nil || s.Status != "complete" {
			t.Errorf("after the restart: %+v, %v", s, err)
		}
	})
}

// The assembler's own part is complete; another process whose part is not restarts.
// The assembler ends the snapshot then, and not at its time-out.
func TestVirtualRestartAfterOwnPart(t *testing.T) {
	const text = `name = "test"
[[process]]
id = "p1"
address = "127.0.0.1:7101"
channels = ["p2", "p3"]
[[process]]
id = "p2"
address = "127.0.0.1:7102"
channels = ["p3"]
[[process]]
id = "p3"
address = "127.0.0.1:7103"
channels = ["p1"]
[program]
kind = "bank"
transfers_per_second = 0
`
	virtual(t, text, func(t *testing.T, network *memNetwork, c *cluster) {
		c.startAll()
		c.waitUp(t.Context())
		network.swallow("127.0.0.1:7102", "127.0.0.1:7103") // p3 waits for the marker of p2
		result := make(chan *taken, 1)
		go func() {
			s, err := c.snapshot(t.Context(), 10*time.Second, "p1")
			if err != nil {
				t.Error(err)
			}
			result <- s
		}()
		time.Sleep(time.Second)
		c.stop("p3")
		c.start("p3")
		s := <-result
		if s == nil || s.Status != "partial" || s.end.ElapsedMS > 4000 {
			t.Fatalf("%+v", s)
		}
		if m := s.Missing[0]; m.Process != "p3" || m.Reason != string(snapshot.ProcessRestarted) {
			t.Errorf("missing: %+v", s.Missing)
		}
	})
}
