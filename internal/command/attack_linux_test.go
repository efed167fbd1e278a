package command

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chandy/internal/clustertest"
	"chandy/internal/config"
	"chandy/internal/explore"
	"chandy/netnode"
	"chandy/snapshot"
	"chandy/wire"
)

var attackTime = flag.Duration("attack", 10*time.Second, "how long TestMixedAttack attacks; a quarter of it under the race detector")

const (
	attackNodes = 5
	// steadyNodes is how many nodes are never ended, so that the whole attack happens to
	// one lifetime of theirs. A stranger pretends to be a node only to them. A node that has
	// just started knows no incarnation of its peers and takes the first one that it hears
	// of, so a stranger could make it lose what it has for the true one.
	steadyNodes = 2
	// attackTransfers is how many transfers a second each process sends.
	attackTransfers = 400
	// faultEvery is the time from one fault to the next. Faults can overlap.
	faultEvery = 2 * time.Second
	// takers is how many clients take one snapshot after the other.
	takers = 6
	// clientPatience is how long a client waits beyond the time-out of its snapshot. Two
	// faults can stop a node one after the other, for at most 8 s each.
	clientPatience = 30 * time.Second
)

// attack is a cluster of ledgers under attack, and what was seen of it.
type attack struct {
	t       *testing.T
	seed    uint64
	time    time.Duration
	ctx     context.Context // done when something is wrong, with the cause
	cancel  context.CancelCauseFunc
	cluster *config.Cluster // with the true addresses
	nodes   []*victim
	relays  map[snapshot.Channel]*relay

	mu           sync.Mutex // guards the fields below
	books        *books
	figures      map[string]int
	incarnations map[snapshot.ProcessID]snapshot.Incarnation // in the last complete snapshot
}

// TestMixedAttack attacks five nodes, each a process of its own, for as long as -attack
// says. A fault comes every two seconds: nodes are killed, stopped and started again, and
// their connections are cut, stalled and slowed down. Clients misbehave, and strangers
// open hundreds of connections a second. Snapshots are taken all the while.
//
//   - Each snapshot is verified and compared with what the ledgers counted, see books. The
//     ledgers themselves check that between two living incarnations no message is lost,
//     doubled or reordered.
//   - A client gets what it asked for, unless its node was killed, ended or stopped
//     meanwhile.
//   - No node ends by itself or logs an error.
//   - Afterwards the next snapshot is complete, and the nodes hold as many descriptors,
//     slots and goroutines as before, and about as much memory.
func TestMixedAttack(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	t.Parallel() // it waits more than it computes
	a := newAttack(t)
	if a.time = *attackTime; explore.Race {
		a.time /= 4
	}
	for _, v := range a.nodes {
		v.start()
	}
	a.allUp()
	a.pace(0)
	before := a.rest(nil)
	last := a.nodes[len(a.nodes)-1]
	goroutines := last.goroutines() // the node ends
	last.start()
	a.allUp()
	if a.ctx.Err() == nil {
		a.pace(attackTransfers)
		a.run()
		a.pace(0)
		a.rest(before)
		a.checkSlots()
		a.checkGoroutines(goroutines)
	}
	a.report()
	if n := a.figures["snapshots complete"]; n < int(a.time.Seconds()/2) {
		t.Errorf("got %d complete snapshots, want one in two seconds at least", n)
	}
	if n := a.figures["strangers"]; a.time >= 30*time.Minute && n < 500_000 {
		t.Errorf("got %d strangers, want 500,000", n)
	}
}

func newAttack(t *testing.T) *attack {
	a := &attack{
		t: t, seed: clustertest.Seed(t), relays: map[snapshot.Channel]*relay{},
		books: newBooks(), figures: map[string]int{}, incarnations: map[snapshot.ProcessID]snapshot.Incarnation{},
	}
	t.Logf("seed %d", a.seed)
	a.ctx, a.cancel = context.WithCancelCause(t.Context())
	dir := t.TempDir()
	for i := range attackNodes {
		id := snapshot.ProcessID(fmt.Sprintf("p%d", i+1))
		home := filepath.Join(dir, string(id))
		if err := os.Mkdir(home, 0o777); err != nil {
			t.Fatal(err)
		}
		log, err := os.Create(filepath.Join(home, "log"))
		if err != nil {
			t.Fatal(err)
		}
		a.nodes = append(a.nodes, &victim{
			attack: a, id: id, address: "127.0.0.1:" + clustertest.FreePort(), file: filepath.Join(home, "cluster.toml"), log: log, steady: i < steadyNodes,
		})
	}
	t.Cleanup(a.stop)
	for _, v := range a.nodes {
		addresses := map[snapshot.ProcessID]string{}
		for _, to := range a.nodes {
			addresses[to.id] = to.address
			if to == v {
				continue
			}
			r := newRelay(a.ctx, to.address)
			a.relays[snapshot.Channel{From: v.id, To: to.id}] = r
			addresses[to.id] = r.listener.Addr().String()
		}
		writeTo(t, v.file, attackFile(addresses))
	}
	addresses := map[snapshot.ProcessID]string{}
	for _, v := range a.nodes {
		addresses[v.id] = v.address
	}
	var err error
	if a.cluster, err = config.Parse(a.file(), []byte(attackFile(addresses))); err != nil {
		t.Fatal(err)
	}
	writeTo(t, a.file(), attackFile(addresses))
	return a
}

// file returns the path of the cluster file with the true addresses.
func (a *attack) file() string {
	return filepath.Join(filepath.Dir(filepath.Dir(a.nodes[0].file)), "cluster.toml")
}

func attackFile(addresses map[snapshot.ProcessID]string) string {
	text := "name = \"attack\"\n"
	for _, id := range slices.Sorted(maps.Keys(addresses)) {
		text += fmt.Sprintf("[[process]]\nid = %q\naddress = %q\n", id, addresses[id])
	}
	return text + fmt.Sprintf(`[program]
kind = "exec"
command = ["ledger", "%d"]
state = "snapshot"
settle = "none"
env = { GORACE = "atexit_sleep_ms=0" }
[network]
delay = "10ms"
`, attackTransfers)
}

// fail notes what is wrong and ends the attack. It is safe for concurrent use.
func (a *attack) fail(format string, args ...any) {
	if a.ctx.Err() == nil { // what comes later may be a consequence
		a.t.Errorf(format, args...)
	}
	a.cancel(fmt.Errorf(format, args...))
}

// stop ends all nodes, whatever has happened.
func (a *attack) stop() {
	a.cancel(nil)
	for _, v := range a.nodes {
		v.up.Store(false)
		if v.cmd != nil {
			v.cmd.Process.Kill()
			<-v.ended
		}
		if text, err := os.ReadFile(v.log.Name()); err == nil && a.t.Failed() {
			a.t.Logf("end of the log of %s:\n%s", v.id, text[max(0, len(text)-4000):])
		}
		v.log.Close()
	}
	for _, r := range a.relays {
		r.pumps.Wait()
	}
}

// count adds to a figure of the report.
func (a *attack) count(figure string, n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.figures[figure] += n
}

// random returns a source of randomness that depends on the seed and a name.
func (a *attack) random(name string, n int) *rand.Rand {
	for _, b := range []byte(name) {
		n = n*257 + int(b)
	}
	return rand.New(rand.NewPCG(a.seed, uint64(n)))
}

// run attacks.
func (a *attack) run() {
	ctx, cancel := context.WithTimeout(a.ctx, a.time)
	defer cancel()
	var all sync.WaitGroup
	for i := range takers {
		all.Go(func() {
			for random := a.random("taker", i); ctx.Err() == nil; {
				v := a.nodes[random.IntN(len(a.nodes))]
				a.take(v, time.Duration(1+random.IntN(5000))*time.Millisecond)
				pause(ctx, time.Duration(random.IntN(50))*time.Millisecond)
			}
		})
	}
	a.strangers(ctx, &all)
	a.faults(ctx, &all)
	all.Wait()
}

// take takes a snapshot and checks it.
func (a *attack) take(v *victim, timeout time.Duration) *snapshot.Global {
	ctx, cancel := context.WithTimeoutCause(a.ctx, timeout+clientPatience, fmt.Errorf("no end within %v", timeout+clientPatience))
	defer cancel()
	asked := v.ask()
	client, err := netnode.DialClient(ctx, a.cluster, v.id, netnode.TCP{})
	if err != nil {
		asked.failed("connect", err)
		return nil
	}
	defer client.Close()
	var text bytes.Buffer
	if _, err = client.Initiate(ctx, nil, timeout, false, &text, nil); err != nil {
		asked.failed("snapshot", err)
		return nil
	}
	return a.check(text.Bytes())
}

// asked is a request to a node.
type asked struct {
	*victim
	up        bool
	disturbed int64
}

func (v *victim) ask() asked {
	disturbed := v.disturbed.Load()
	return asked{v, v.up.Load() && !v.stopped.Load(), disturbed}
}

// undisturbed reports whether the node has run all the while.
func (q asked) undisturbed() bool {
	return q.up && q.disturbed == q.victim.disturbed.Load()
}

// mustHold is undisturbed for a request that went wrong. If the node is about to end by
// itself, that is reported first, as the cause.
func (q asked) mustHold() bool {
	if q.undisturbed() {
		pause(q.ctx, stopPatience/2)
	}
	return q.undisturbed()
}

// failed counts a request that failed. Only a limit is a reason for that, or that somebody
// disturbed the node.
func (q asked) failed(what string, err error) {
	var limit *wire.ErrorReply
	var refused *netnode.Refused
	switch {
	case q.ctx.Err() != nil:
	case errors.As(err, &limit) && limit.Code == wire.CodeLimit:
		q.count(what+"s refused: limit", 1)
	case errors.As(err, &refused) && refused.Code == wire.Busy:
		q.count(what+"s refused: busy", 1)
	case q.mustHold():
		q.fail("%s at %s: got error %v, want none", what, q.id, err)
	default:
		q.count(what+"s failed: the node was disturbed", 1)
	}
}

// check checks a snapshot. It keeps one that is wrong in a file.
func (a *attack) check(text []byte) *snapshot.Global {
	s, err := clustertest.Read(text)
	summed := false
	if err == nil {
		a.mu.Lock()
		summed, err = a.books.check(s.Global)
		a.mu.Unlock()
	}
	if err == nil && slices.ContainsFunc(s.Missing, func(m snapshot.Missing) bool { return m.Reason == snapshot.Inconsistent }) {
		err = fmt.Errorf("missing: got %v, want another reason", s.Missing)
	}
	if err != nil {
		path := filepath.Join(os.TempDir(), fmt.Sprintf("chandy-attack-%d.json", a.seed))
		a.fail("snapshot: %.2000v\nit is kept in %s (%v)", err, path, os.WriteFile(path, text, 0o666))
		return nil
	}
	a.count("snapshots "+s.Status(), 1)
	a.count("messages in flight", s.InFlight())
	for _, p := range s.Processes {
		if p.State.Error != "" {
			a.count("states missing", 1)
		}
	}
	if summed {
		a.count("snapshots with their sum compared", 1)
	}
	if s.Complete() {
		a.mu.Lock()
		for _, p := range s.Processes {
			a.incarnations[p.ID] = p.Incarnation
		}
		a.mu.Unlock()
	}
	return s.Global
}

func (a *attack) report() {
	a.mu.Lock()
	defer a.mu.Unlock()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(a.figures)) {
		fmt.Fprintf(&b, "%10d %s\n", a.figures[name], name)
	}
	a.t.Logf("%v of attack, seed %d:\n%10d messages received, each once and in order\n%s", a.time, a.seed, a.books.messages(), b.String())
}
