package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"chandy/internal/clustertest"
	"chandy/internal/explore"
	"chandy/netnode"
	"chandy/snapshot"
	"chandy/wire"
)

var cycleCount = flag.Int("cycles", 0, "how many cycles TestCyclesOfSaveAndRestore runs with each program; zero means a few with some programs")

// requestPatience is how long a reply may take. A restore is in it, and a machine that is
// busy.
const requestPatience = fleetPatience

// cycles is a cluster that goes back to saved snapshots, again and again.
type cycles struct {
	*attack
	conserved
	random *rand.Rand
	line   requests
	base   *savedCut // from which the current epoch began; nil in the first one
	epoch  uint64
}

// conserved is a program, and what is true of each of its snapshots.
type conserved struct {
	name      string
	processes []string
	file      string
	// ask returns a request to a process. A key is used once. A tally answers after so many
	// ticks.
	ask func(to snapshot.ProcessID, key string, after int) string
	// holds checks a complete snapshot that was begun at a time.
	holds func(c *cycles, s *clustertest.Snapshot, at uint64) error
	// short is how many cycles run without -cycles.
	short int
}

// savedCut is a saved snapshot.
type savedCut struct {
	*clustertest.Snapshot
	began, ended uint64 // the saving, on the clock of requests
}

// A cluster runs under load, is saved, runs on, and goes back, again and again. Its programs
// conserve what they must: money, one token, and each message exactly once, counted by
// number where it is received. Each request of a client ends with its reply or with error
// 14. One that is answered before the cut is in the state afterwards; one that is answered
// with 14, or before the restore and begun after the cut, is not.
func TestCyclesOfSaveAndRestore(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	for _, p := range []conserved{conservedBank(), conservedToken(), conservedServices(), conservedChildren(t)} {
		n := p.short
		if *cycleCount > 0 {
			n = *cycleCount
		} else if explore.Race {
			n /= 3
		}
		if n > 0 {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				runCycles(t, p, n)
			})
		}
	}
}

func runCycles(t *testing.T, p conserved, n int) {
	c := newCycles(t, p, "")
	c.launch()
	c.underLoad(n, c.cycle)
}

// newCycles returns a cluster of a program that has not started. In text stand further
// tables of the cluster file.
func newCycles(t *testing.T, p conserved, text string) *cycles {
	c := &cycles{attack: newFleet(t, p.file+text+"[network]\ndelay = \"5ms\"\n", p.processes...), conserved: p, epoch: 1}
	c.random = c.attack.random("cycles", 0)
	return c
}

// underLoad calls cycle n times, while clients make requests.
func (c *cycles) underLoad(n int, cycle func()) {
	begun := time.Now()
	ctx, stop := context.WithCancel(c.ctx)
	var clients sync.WaitGroup
	for i := range 3 * len(c.nodes) {
		v, random := c.nodes[i%len(c.nodes)], c.attack.random("client", i)
		clients.Go(func() { c.call(ctx, v, func(client *netnode.Client) error { return c.calls(ctx, client, v, random) }) })
	}
	for range n {
		if c.ctx.Err() == nil {
			cycle()
		}
	}
	stop()
	clients.Wait()
	c.take(wire.InitiateRequest{})
	c.t.Logf("seed %d: %d times back in %v: %v", c.seed, len(c.line.restores), time.Since(begun).Round(time.Millisecond), c.figures)
}

// call calls f with clients of a node until ctx is done. An error of f is a failure unless
// somebody killed the node.
func (c *cycles) call(ctx context.Context, v *victim, f func(*netnode.Client) error) {
	for ctx.Err() == nil {
		asked := v.ask()
		var starting *wire.ErrorReply
		err := c.callOnce(v, f)
		if errors.As(err, &starting) && starting.Code == wire.CodeNoEpoch { // the node has just started
			err = nil
		}
		if err != nil && asked.mustHold() {
			c.fail("seed %d: client of %s: %v; restores %v", c.seed, v.id, err, c.line.history())
		}
		pause(ctx, 10*time.Millisecond)
	}
}

func (c *cycles) callOnce(v *victim, f func(*netnode.Client) error) error {
	client, err := netnode.DialClient(c.ctx, c.cluster, v.id, netnode.TCP{})
	if err != nil {
		return err
	}
	defer client.Close()
	return f(client)
}

// calls makes one request after the other, until ctx is done.
func (c *cycles) calls(ctx context.Context, client *netnode.Client, v *victim, random *rand.Rand) error {
	for ctx.Err() == nil {
		after := 0
		if random.IntN(3) == 0 { // so that it is open at a cut, and when the cluster goes back to it
			after = random.IntN(50)
		}
		if err := c.request(client, v, after); err != nil {
			return err
		}
		pause(ctx, time.Duration(random.IntN(10))*time.Millisecond)
	}
	return nil
}

// request makes a request, which must end with a reply unless the node ends first.
func (c *cycles) request(client *netnode.Client, v *victim, after int) error {
	return c.finish(client, v, c.line.begin(v.id), after)
}

func (c *cycles) finish(client *netnode.Client, v *victim, r *request, after int) error {
	ctx, cancel := context.WithTimeoutCause(c.ctx, requestPatience, fmt.Errorf("no reply within %v", requestPatience))
	defer cancel()
	text, err := client.Call(ctx, json.RawMessage(c.ask(v.id, r.key, after)))
	if err != nil {
		return fmt.Errorf("request %s, begun at %d, to be answered after %d ticks: %w", r.key, r.began, after, err)
	}
	var reply requestReply
	if err := json.Unmarshal(text, &reply); err != nil {
		return err
	}
	switch {
	case reply.Type != "error":
		c.count("requests done", 1)
	case reply.Code == 14:
		c.count("requests answered with error 14", 1)
	default:
		c.fail("seed %d: request %s of %s: got %s, want its reply or error 14", c.seed, r.key, v.id, text)
	}
	c.line.end(r, reply)
	return nil
}

// work lets the cluster run for as long as a few requests take.
func (c *cycles) work() {
	for range c.random.IntN(6) {
		v := c.any()
		v.with(func(_ context.Context, client *netnode.Client) error { return c.request(client, v, 0) })
	}
}

func (c *cycles) any() *victim { return c.nodes[c.random.IntN(len(c.nodes))] }

// cycle saves, runs on, and goes back to a saved snapshot of the epoch or to its base.
func (c *cycles) cycle() {
	var saved []*savedCut
	for range 1 + c.random.IntN(2) {
		c.work()
		saved = append(saved, c.take(wire.InitiateRequest{Save: true}))
	}
	c.work()
	if c.base != nil && c.random.IntN(4) == 0 {
		saved = append(saved, c.base)
	}
	to := saved[c.random.IntN(len(saved))]
	if to.Snapshot == nil {
		return // the test has failed
	}
	held := c.random.IntN(2) == 0
	c.goBack(to, held)
	if held {
		if is := c.take(wire.InitiateRequest{}); is.Snapshot != nil {
			if err := same(to.Snapshot, is.Snapshot); err != nil {
				c.fail("seed %d: held in epoch %d: %v", c.seed, c.epoch, err)
			}
		}
		v := c.any()
		v.with(func(ctx context.Context, client *netnode.Client) error { return client.Resume(ctx) })
		c.count("epochs held", 1)
	}
	c.take(wire.InitiateRequest{})
}

// take takes a snapshot and checks it.
func (c *cycles) take(request wire.InitiateRequest) *savedCut {
	s := &savedCut{began: c.line.tick()}
	s.Snapshot = c.any().initiate(request)
	s.ended = c.line.tick()
	if s.Snapshot == nil {
		return s
	}
	err := c.holds(c, s.Snapshot, s.began)
	switch {
	case s.Epoch != c.epoch:
		err = fmt.Errorf("got epoch %d, want %d", s.Epoch, c.epoch)
	case request.Save && (s.End.Saved == nil || s.End.Saved.Error != "" || len(s.End.Saved.NotRestorable) > 0):
		err = fmt.Errorf("save: got %+v, want it saved, and each process restorable", s.End.Saved)
	}
	if err != nil {
		c.fail("seed %d, epoch %d, snapshot %s: %v", c.seed, c.epoch, s.ID, err)
	}
	c.count("snapshots", 1)
	return s
}

// goBack restores a saved snapshot.
func (c *cycles) goBack(to *savedCut, held bool) {
	request := c.restoring(to.ID)
	request.Hold = held
	began := c.line.tick()
	c.any().with(func(ctx context.Context, client *netnode.Client) error {
		reply, err := client.Restore(ctx, request, nil)
		if err == nil && reply.Epoch <= c.epoch {
			err = fmt.Errorf("got epoch %d, want one after %d", reply.Epoch, c.epoch)
		}
		c.epoch = reply.Epoch
		return err
	})
	c.line.wentBack(to, began, c.epoch)
	c.base = to
	c.count("messages in flight that were restored", to.InFlight())
}

// same returns how the state of a cluster differs from an earlier one, or nil.
func same(was, is *clustertest.Snapshot) error {
	for i, want := range was.Processes {
		if got := is.Processes[i]; !bytes.Equal(got.State.Bytes, want.State.Bytes) || got.Incarnation != want.Incarnation {
			return fmt.Errorf("%s: got incarnation %s and state %.1000s, want %s and %.1000s", got.ID, got.Incarnation, got.State.Bytes, want.Incarnation, want.State.Bytes)
		}
	}
	for i, want := range was.Channels {
		got := is.Channels[i]
		if got.Sent != want.Sent || got.Received != want.Received || !slices.Equal(clustertest.Payloads(got), clustertest.Payloads(want)) {
			return fmt.Errorf("%s: got %d sent, %d received and %.1000v, want %d, %d and %.1000v",
				got.Channel, got.Sent, got.Received, clustertest.Payloads(got), want.Sent, want.Received, clustertest.Payloads(want))
		}
	}
	return nil
}

// tallyCommand returns the keys of a process that runs a tally in a language, or in Go if
// the language is not installed.
func tallyCommand(t *testing.T, language, file string) string {
	path, err := filepath.Abs(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	command := fmt.Sprintf("%q, %q", language, path)
	if _, err := exec.LookPath(language); err != nil {
		t.Logf("a tally in Go in place of %s: %v", file, err)
		command = `"tally"`
	}
	return "program = { command = [" + command + "] }"
}
