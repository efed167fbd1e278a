package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"time"

	"chandy/internal/agreement"
	"chandy/internal/config"
	"chandy/internal/verify"
	"chandy/snapshot"
	"chandy/wire"
)

// Result counts what happened in a run.
type Result struct {
	Processes, Channels int
	Complete, Partial   int // snapshots, all consistent
	Saved               int // of the complete ones, all read back
	InFlight            int // messages in their channels
	Restores            int // of the cluster to a saved snapshot
	Restarts            int // restarts of processes
	Epochs              int // that processes have been in, and the counts of their messages; in runs with restores
	Sent, Received      int
	Recoveries          int           // epochs that a recovery began
	Promised            int           // saved snapshots of which clients were told
	Stops, SavedToStop  int           // processes that were asked to stop, and snapshots that they saved first
	Settled, SettledMax time.Duration // from the last fault until all ran in one epoch; the longest of a sum
	Crashes             string        // lines that say where processes have crashed in restores
	Steps               int           // events of the world
	Time                time.Duration // virtual time
	Trace               uint64        // hash of the trace of all events
}

// Run runs the random cluster of a seed, with or without faults. The error names the
// seed and the check that failed. If story is non-nil, it is called with a line for each
// event.
//
// Without faults every snapshot must be complete. Faults are broken connections,
// partitions, and processes that hang or restart. With faults a snapshot may be partial,
// but soon after the last fault one must be complete. In any case every snapshot must be
// consistent. As long as no process has restarted, it must contain all the money.
func Run(seed uint64, faults bool, story func(string)) (Result, error) {
	return perform(seed, kindOf(faults), story, (*runner).run)
}

// Snapshots returns the documents of the complete snapshots of [Run] with these arguments, for
// tests of what reads documents.
func Snapshots(seed uint64, faults bool) (documents [][]byte, err error) {
	_, err = perform(seed, kindOf(faults), nil, func(r *runner) error {
		r.keep = func(text []byte) { documents = append(documents, text) }
		return r.run()
	})
	return documents, err
}

// kind is what may happen in a run.
type kind string

const (
	quiet        kind = "without faults"
	withFaults   kind = "with faults"
	withRestores kind = "with restores"
	withRecovery kind = "with recovery"
)

func kindOf(faults bool) kind {
	if faults {
		return withFaults
	}
	return quiet
}

// perform makes the random cluster of a seed and plays a run.
func perform(seed uint64, k kind, story func(string), play func(*runner) error) (result Result, err error) {
	random := rand.New(rand.NewPCG(seed, 0))
	definition := randomCluster(random, k != quiet)
	if k == withRestores || k == withRecovery {
		definition.Snapshot.Keep = pick(random, 4, 10)
	}
	if k == withRecovery {
		definition.Snapshot.Recover = config.RecoverLatest
		definition.Snapshot.StopTimeout = time.Duration(pick(random, 1, 3, 10)) * time.Second
	}
	defer func() {
		if bug := recover(); bug != nil {
			err = fmt.Errorf("panic: %v\n%s", bug, debug.Stack())
		}
		if err != nil {
			err = fmt.Errorf("seed %d, %s: %w\n%+v", seed, k, err, definition)
		}
	}()
	cluster, err := config.Build(definition)
	if err != nil {
		return Result{}, err
	}
	w := newWorld(seed, cluster, story)
	w.options = agreement.Options{Recover: cluster.Recovers()}
	w.latencyMax = time.Duration(1+random.IntN(5000)) * time.Microsecond
	if random.IntN(32) == 0 {
		w.longOdds = 8 << random.IntN(5)
	}
	if random.IntN(2) == 0 {
		w.captureMax = time.Duration(1+random.IntN(20)) * time.Millisecond
	}
	r := runner{world: w, random: random, faults: k != quiet}
	err = play(&r)
	r.result.Processes, r.result.Channels = len(cluster.Processes), len(cluster.Channels())
	r.result.Steps, r.result.Time, r.result.Trace, r.result.Restarts, r.result.Stops = w.steps, w.now, w.trace.Sum64(), r.restarts, r.stops
	return r.result, err
}

// runner is the state of one run.
type runner struct {
	*world
	random *rand.Rand
	faults bool
	taken  []*asked
	orders []*asked // other requests of clients
	saves  []*asked // requests to save, in runs with restores
	told   []promised
	keep   func(text []byte) // if non-nil, it is called with each complete snapshot

	lastSaved snapshot.ID
	savedSum  int64         // money or tokens in it
	resumed   time.Duration // when a client last asked to resume
	result    Result
}

// timeout applies to every snapshot.
const timeout = 3 * time.Second

func (r *runner) run() error {
	r.startAll()
	r.world.run(time.Duration(20+r.random.IntN(300)) * time.Millisecond) // all nodes run, but some channels may not be up yet
	window := 100 * time.Millisecond
	if r.faults {
		r.plant()
		window = faultsUntil - r.now
	}
	for range 1 + r.random.IntN(6) {
		r.askAnybody(time.Duration(r.random.Int64N(int64(window))))
	}
	r.world.run(r.now + window)
	if err := r.finish(!r.faults); err != nil {
		return err
	}
	if r.faults {
		if err := r.converge(); err != nil {
			return err
		}
	}
	if r.lastSaved == "" {
		return nil
	}
	return r.goBack(r.lastSaved)
}

// startAll starts all nodes, each a little later or earlier than the others.
func (r *runner) startAll() {
	for _, p := range r.cluster.Processes {
		r.after(time.Duration(r.random.IntN(20))*time.Millisecond, func() {
			if err := r.start(p); err != nil {
				panic("bug: " + err.Error())
			}
		})
	}
}

// convergeWithin is the time after the last fault from which every snapshot must be
// complete. By then both ends have noticed each broken connection.
const convergeWithin = 8 * time.Second

// converge checks liveness: without new faults a snapshot must soon be complete.
func (r *runner) converge() error {
	for {
		late := r.now > faultsUntil+convergeWithin
		before := r.result.Complete
		r.taken = nil
		r.askAnybody(0)
		r.world.run(r.now + 10*time.Millisecond)
		if err := r.finish(late); err != nil || r.result.Complete > before {
			return err
		}
	}
}

func (r *runner) askAnybody(after time.Duration) {
	at := r.anybody()
	r.after(after, func() { r.taken = append(r.taken, r.ask(at, r.initiate(timeout))) })
}

func (r *runner) anybody() snapshot.ProcessID {
	return r.cluster.Processes[r.random.IntN(len(r.cluster.Processes))].ID
}

// initiate returns a request for a snapshot.
func (r *runner) initiate(timeout time.Duration) wire.InitiateRequest {
	return wire.InitiateRequest{TimeoutMS: timeout.Milliseconds(), Compact: true, Journal: r.steps%2 == 0, Save: r.steps%3 == 0}
}

// finish waits for the requested snapshots and checks them. If complete is set, they
// must be complete.
func (r *runner) finish(complete bool) error {
	for limit := r.now + 2*timeout; !r.allEnded() && r.now < limit && r.world.err == nil; {
		r.world.run(r.now + 5*time.Millisecond)
	}
	if r.world.err != nil {
		return r.world.err
	}
	for _, t := range r.taken {
		if err := r.check(t, complete); err != nil {
			return fmt.Errorf("snapshot at %s: %w", t.at, err)
		}
	}
	for _, p := range r.cluster.Processes {
		if n := r.nodes[p.ID]; n.err != nil {
			return fmt.Errorf("%s ended: %w", p.ID, n.err)
		}
	}
	return nil
}

// allEnded reports whether every client has its answer.
func (r *runner) allEnded() bool {
	return !slices.ContainsFunc(r.taken, func(t *asked) bool { return !t.ended })
}

// check checks one snapshot. Unless complete is set, it may also be refused, because
// its initiator may have crashed.
func (r *runner) check(t *asked, complete bool) error {
	if !t.ended {
		return fmt.Errorf("got no answer within %v, want a snapshot", 2*timeout)
	}
	if t.refused != "" {
		if complete {
			return fmt.Errorf("got a refusal, want a snapshot: %s", t.refused)
		}
		return nil
	}
	report, err := verify.Check(bytes.NewReader(t.text))
	if err != nil {
		return err
	}
	if !report.Consistent() || complete && !report.OK() {
		return fmt.Errorf("got status %s, faults %v, missing %v; want no faults, complete: %v\n%s", report.Status, report.Faults, report.Missing, complete, t.text)
	}
	r.tell("snapshot %s", t.text)
	r.result.InFlight += report.Messages
	if !report.OK() {
		r.result.Partial++
		return nil
	}
	r.result.Complete++
	if r.keep != nil {
		r.keep(t.text)
	}
	if r.result.Restores == 0 && r.lines == nil { // the journal of an epoch does not have what was before its base
		if err := checkJournals(t.text); err != nil {
			return err // the story has the snapshot, which is too long here
		}
	}
	var end wire.EndReply
	if err := json.Unmarshal(t.end, &end); err != nil {
		return fmt.Errorf("end reply: %w", err)
	}
	if end.Saved != nil {
		if err := r.checkSaved(t, end.Saved); err != nil {
			return fmt.Errorf("saved: %w\n%s", err, t.text)
		}
	}
	g, err := snapshot.Decode(t.text)
	if err != nil {
		return err
	}
	sum, err := conserved(g)
	if err != nil {
		return err
	}
	want := r.atStart()
	switch {
	case r.result.Restores > 0: // the cluster has gone back, and nothing has crashed since
		want = r.savedSum
	case r.restarts > 0 && (r.lines == nil || !r.lines.exact):
		want = sum // a crash destroys the money of a process
	}
	if end.Saved != nil && end.Saved.Error == "" {
		r.savedSum = sum
	}
	if sum != want {
		return fmt.Errorf("money or tokens: got %d, want %d", sum, want)
	}
	return nil
}

// conserved returns the sum that the program must not change: the money in all accounts
// and transfers, or the number of tokens.
func conserved(g *snapshot.Global) (sum int64, err error) {
	for _, p := range g.Processes {
		var state struct{ Balance, Tokens int64 }
		if err := json.Unmarshal(p.State.Bytes, &state); err != nil || state.Balance < 0 || state.Tokens < 0 {
			return 0, fmt.Errorf("%s has %s (%v)", p.ID, p.State, err)
		}
		sum += state.Balance + state.Tokens
	}
	for _, c := range g.Channels {
		for _, b := range c.Messages {
			for seq, payload := range b.All() {
				var message struct {
					Type   string
					Amount int64
				}
				if err := json.Unmarshal(payload, &message); err != nil {
					return 0, fmt.Errorf("message %d of %s: %w", seq, c.Channel, err)
				}
				sum += message.Amount
				if message.Type == "token" {
					sum++
				}
			}
		}
	}
	return sum, nil
}

// atStart returns that sum at the start: the money in all accounts, or one token.
func (r *runner) atStart() int64 {
	total := int64(0)
	for _, p := range r.cluster.Processes {
		if p.Program.Kind == "token" {
			return 1
		}
		var settings struct {
			Balance            int64 `toml:"balance"`
			TransfersPerSecond int64 `toml:"transfers_per_second"`
			MaxTransfer        int64 `toml:"max_transfer"`
		}
		if err := p.Program.Decode(&settings); err != nil {
			panic("bug: " + err.Error())
		}
		total += settings.Balance
	}
	return total
}
