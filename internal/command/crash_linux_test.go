package command

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"chandy/internal/clustertest"
	"chandy/internal/saved"
	"chandy/netnode"
	"chandy/wire"
)

// crashes is a cluster of which nodes are killed while it goes back to a snapshot.
type crashes struct {
	*attack
	random *rand.Rand
	gates  string // folder of the gates of the children, see pass

	mu      sync.Mutex
	changed *sync.Cond // of loading
	awaited []awaited
	loading map[*victim]bool // nodes with a second instance, of which nothing is decided

	// Of the crash in progress:
	base                   *clustertest.Snapshot
	proposer, other, third *victim
	open                   []func()           // opens a gate
	ended                  chan struct{}      // closed when the client of the restore has ended
	leave                  context.CancelFunc // ends it
	killed                 []*victim
}

// awaited is a line of a log that somebody waits for.
type awaited struct {
	v    *victim
	text string
	seen chan struct{}
}

// crashPoints are moments of a restore at which nodes are killed.
var crashPoints = []struct {
	name string
	run  func(*crashes)
}{
	{"the proposer, before its vote", func(c *crashes) {
		reached := c.gate(c.proposer)
		c.restore()
		reached()
		c.kill(c.proposer)
	}},
	{"another one, before its vote", func(c *crashes) {
		reached := c.gate(c.other)
		c.restore()
		reached()
		c.kill(c.other)
	}},
	{"another one, between its vote and the decision", func(c *crashes) {
		c.allButThirdVoted()
		c.kill(c.other)
	}},
	{"the proposer, between two votes", func(c *crashes) {
		c.allButThirdVoted()
		c.kill(c.proposer)
	}},
	{"both, between two votes", func(c *crashes) {
		c.allButThirdVoted()
		c.kill(c.proposer)
		c.kill(c.other)
	}},
	{"a voter, which is started again before the decision", func(c *crashes) {
		c.allButThirdVoted()
		c.kill(c.other)
		c.startAgain()
	}},
	{"a voter that has not read the decision", func(c *crashes) {
		c.allButThirdVoted()
		begins := c.expect(c.proposer, `"epoch begins"`)
		c.other.cmd.Process.Signal(syscall.SIGSTOP)
		c.openGates()
		c.await(begins)
		c.kill(c.other)
	}},
	{"the proposer, while it creates the decision", func(c *crashes) { c.killAt(c.proposer, "agreement: create commit") }},
	{"the proposer, after the decision", func(c *crashes) { c.killAt(c.proposer, "agreement: adopt") }},
	{"another one, after the decision", func(c *crashes) { c.killAt(c.other, "agreement: adopt") }},
	{"another one, in the new epoch", func(c *crashes) { c.killAt(c.other, `"child restored"`) }},
}

// Nodes are killed at moments of a restore and started again. Then the whole cluster is in
// the old epoch or in the new one, and snapshots are complete. If nobody in it has restarted
// since the decision, it has all money of the snapshot.
func TestARestoreIsWholeWhenNodesAreKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	t.Parallel()
	gates, err := os.MkdirTemp("", "chandy-gates-") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(gates) })
	c := &crashes{gates: gates, attack: newFleet(t, fmt.Sprintf(`[program]
kind = "exec"
command = ["ledger", "200", %q]
state = "snapshot"
settle = "none"
env = { GORACE = "atexit_sleep_ms=0" }
`, gates), "p1", "p2", "p3")}
	c.random, c.loading = c.attack.random("crashes", 0), map[*victim]bool{}
	c.changed = sync.NewCond(&c.mu)
	for _, v := range c.nodes {
		v.flags = []string{"--log-level", "debug"}
		v.seen = func(line string) { c.saw(v, line) }
	}
	c.launch()
	for _, i := range c.random.Perm(len(crashPoints)) {
		if c.ctx.Err() == nil {
			c.crash(crashPoints[i].name, crashPoints[i].run)
		}
	}
	t.Logf("seed %d: %v", c.seed, c.figures)
}

// crash saves a snapshot and goes back to it, while nodes are killed.
func (c *crashes) crash(name string, run func(*crashes)) {
	nodes := slices.Clone(c.nodes)
	c.random.Shuffle(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
	c.proposer, c.other, c.third = nodes[0], nodes[1], nodes[2]
	c.killed, c.ended = nil, make(chan struct{})
	c.base = c.any().initiate(wire.InitiateRequest{Save: true})
	if c.base == nil {
		return
	}
	run(c)
	c.openGates()
	c.startAgain()
	c.settle()
	c.leave()
	<-c.ended
	c.awaitChannels()
	s := c.any().initiate(wire.InitiateRequest{})
	if s == nil {
		return
	}
	if err := c.whole(s); err != nil {
		c.fail("seed %d, killed %s (%s proposes, %s is another one): %v\n%s", c.seed, name, c.proposer.id, c.other.id, err, s)
	}
}

// whole checks the cluster after a crash.
func (c *crashes) whole(s *clustertest.Snapshot) error {
	reading, err := storeOf(c.cluster).Reading()
	if err != nil {
		return err
	}
	epoch, listed := uint64(1), reading.Commit != nil
	if listed {
		epoch = reading.Commit.Number
	}
	for _, v := range c.nodes {
		status := v.status()
		if status.Epoch != s.Epoch || status.Epoch != epoch {
			return fmt.Errorf("%s: got epoch %d and a snapshot of epoch %d, want %d as in the store", v.id, status.Epoch, s.Epoch, epoch)
		}
		listed = listed && slices.ContainsFunc(reading.Commit.Voters, func(n saved.Node) bool { return n.Process == v.id && n.Incarnation == status.Incarnation })
	}
	c.count(fmt.Sprintf("went back: %v", s.Epoch > c.base.Epoch), 1)
	books := newBooks()
	books.sums[""] = 0 // money may have been lost before
	if _, err := books.check(s.Global); err != nil {
		return err
	}
	if got, want := ledgerSum(s), ledgerSum(c.base); listed && got != want {
		return fmt.Errorf("got a sum of %d, want %d as in the snapshot", got, want)
	}
	return nil
}

// ledgerSum returns all money in a complete snapshot of ledgers.
func ledgerSum(s *clustertest.Snapshot) (sum int64) {
	for _, state := range clustertest.States[ledgerState](s) {
		sum += state.Balance
	}
	for _, c := range s.Channels {
		for _, payload := range clustertest.Payloads(c) {
			sum += clustertest.JSON[ledgerLine](payload).Body.Amount
		}
	}
	return sum
}

func (c *crashes) any() *victim { return c.nodes[c.random.IntN(len(c.nodes))] }

// crashTimeout is how long the votes may take: with a killed voter no decision comes before.
const crashTimeout = time.Second

// restore asks the proposer to restore the snapshot.
func (c *crashes) restore() {
	request := c.restoring(c.base.ID)
	request.TimeoutMS = crashTimeout.Milliseconds()
	ctx, cancel := context.WithCancel(c.ctx)
	c.leave = cancel
	go func() {
		defer close(c.ended)
		client, err := netnode.DialClient(ctx, c.cluster, c.proposer.id, netnode.TCP{})
		if err != nil {
			c.fail("client of %s: %v", c.proposer.id, err)
			return
		}
		defer client.Close()
		client.Restore(ctx, request, nil) // it may fail: nodes are killed
	}()
}

// allButThirdVoted begins a restore, and returns when all have voted but the third, whose
// child is at its gate.
func (c *crashes) allButThirdVoted() {
	reached := c.gate(c.third)
	voted := c.expect(c.other, fmt.Sprintf("agreement: send %s: yes", c.proposer.id))
	c.restore()
	reached()
	c.await(voted)
}

// gate closes the gate of a child. The function that it returns waits until the child is
// there.
func (c *crashes) gate(v *victim) (reached func()) {
	path := filepath.Join(c.gates, string(v.id))
	l, err := net.Listen("unix", path)
	if err != nil {
		c.fail("%v", err)
		return func() {}
	}
	c.open = append(c.open, func() { l.Close() })
	return func() {
		go func(ended <-chan struct{}) {
			<-ended
			l.Close()
		}(c.ended)
		socket, err := l.Accept()
		if err != nil { // the machine is busy, and the time for the votes is over
			c.count("gates not reached", 1)
			return
		}
		c.open = append(c.open, func() { socket.Close() })
	}
}

func (c *crashes) openGates() {
	for _, open := range c.open {
		open()
	}
	c.open = nil
}

// expect returns a channel that is closed when the log of a node has a text.
func (c *crashes) expect(v *victim, text string) <-chan struct{} {
	seen := make(chan struct{})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.awaited = append(c.awaited, awaited{v, text, seen})
	return seen
}

func (c *crashes) saw(v *victim, line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.awaited = slices.DeleteFunc(c.awaited, func(a awaited) bool {
		there := a.v == v && strings.Contains(line, a.text)
		if there {
			close(a.seen)
		}
		return there
	})
	switch {
	case strings.Contains(line, `"agreement: load `):
		c.loading[v] = true
	case strings.Contains(line, `"agreement: drop"`), strings.Contains(line, `"agreement: adopt `):
		delete(c.loading, v)
		c.changed.Broadcast()
	}
}

// settle waits until each node that lives knows what was decided.
func (c *crashes) settle() {
	ctx, cancel := context.WithTimeout(c.ctx, fleetPatience)
	defer cancel()
	defer context.AfterFunc(ctx, c.changed.Broadcast)()
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.loading) > 0 {
		if ctx.Err() != nil {
			c.fail("seed %d: got %d nodes that know no decision after %v, want none", c.seed, len(c.loading), fleetPatience)
			return
		}
		c.changed.Wait()
	}
}

// await waits for something, or until the restore has ended.
func (c *crashes) await(what <-chan struct{}) {
	select {
	case <-what:
	case <-c.ended:
	case <-time.After(fleetPatience):
		c.fail("seed %d: got nothing within %v, want the next step of the restore", c.seed, fleetPatience)
	case <-c.ctx.Done():
	}
}

func (c *crashes) kill(v *victim) {
	v.end(syscall.SIGKILL)
	c.mu.Lock()
	delete(c.loading, v)
	c.mu.Unlock()
	c.killed = append(c.killed, v)
}

// killAt kills a node when its log has a text.
func (c *crashes) killAt(v *victim, text string) {
	seen := c.expect(v, text)
	c.restore()
	c.await(seen)
	c.kill(v)
}

func (c *crashes) startAgain() {
	for _, v := range c.killed {
		v.start()
	}
	c.killed = nil
}
