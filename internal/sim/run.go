package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"chandy/internal/config"
	"chandy/internal/verify"
	"chandy/snapshot"
)

// Result is what came of a run.
type Result struct {
	Processes, Channels int
	Complete, Partial   int           // snapshots, each consistent
	InFlight            int           // messages in their channels
	Restarts            int           // of processes
	Steps               int           // of the world
	Time                time.Duration // virtual
	Trace               uint64        // a hash of all that happened
}

// Run runs the cluster of a seed: quietly, or with faults. The error says what was
// wrong, and with which seed; story, if not nil, hears a line about everything that
// happens.
//
// Without faults every snapshot has to be complete. With faults (connections that
// break, partitions, processes that hang or restart) one may be partial; when the
// faults have ended the cluster has to converge: soon a snapshot is complete. In any case every snapshot is consistent, and as long as no
// process restarted it has all the money.
func Run(seed uint64, faults bool, story func(string)) (Result, error) {
	random := rand.New(rand.NewPCG(seed, 0))
	definition := randomCluster(random, faults)
	cluster, err := config.Build(definition)
	if err != nil {
		return Result{}, fmt.Errorf("seed %d: %w\n%+v", seed, err, definition)
	}
	w := newWorld(seed, cluster, story)
	w.latencyMax = time.Duration(1+random.IntN(5000)) * time.Microsecond
	r := runner{world: w, random: random, faults: faults}
	err = r.run()
	r.result.Processes, r.result.Channels = len(cluster.Processes), len(cluster.Channels())
	r.result.Steps, r.result.Time, r.result.Trace, r.result.Restarts = w.steps, w.now, w.trace.Sum64(), r.restarts
	if err != nil {
		err = fmt.Errorf("seed %d, faults %v: %w\n%+v", seed, faults, err, definition)
	}
	return r.result, err
}

// runner is one run.
type runner struct {
	*world
	random   *rand.Rand
	faults   bool
	restarts int
	taken    []*taken
	result   Result
}

// timeout is that of every snapshot.
const timeout = 3 * time.Second

func (r *runner) run() error {
	for _, p := range r.cluster.Processes {
		r.after(time.Duration(r.random.IntN(20))*time.Millisecond, func() {
			if err := r.start(p); err != nil {
				panic("bug: " + err.Error())
			}
		})
	}
	r.world.run(time.Duration(20+r.random.IntN(300)) * time.Millisecond) // all run, some are not connected yet
	window := 100 * time.Millisecond
	if r.faults {
		r.plant()
		window = faultsUntil - r.now
	}
	for range 1 + r.random.IntN(6) {
		r.askAnybody(time.Duration(r.random.Int64N(int64(window))))
	}
	r.world.run(r.now + window)
	if err := r.finish(!r.faults); err != nil || !r.faults {
		return err
	}
	return r.converge()
}

// convergeWithin is how long after the last fault every snapshot must be complete:
// what was cut has been noticed by then, at both ends.
const convergeWithin = 8 * time.Second

// converge is liveness: nothing breaks any more, so a snapshot is complete, soon.
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
	at := r.cluster.Processes[r.random.IntN(len(r.cluster.Processes))].ID
	r.after(after, func() { r.taken = append(r.taken, r.ask(at, timeout)) })
}

// finish waits for the snapshots that were asked for and checks them.
func (r *runner) finish(complete bool) error {
	for limit := r.now + 2*timeout; !r.allEnded() && r.now < limit; {
		r.world.run(r.now + 5*time.Millisecond)
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

// allEnded tells whether every client has its answer.
func (r *runner) allEnded() bool {
	return !slices.ContainsFunc(r.taken, func(t *taken) bool { return !t.ended })
}

// check checks one snapshot. With faults its initiator may have crashed.
func (r *runner) check(t *taken, complete bool) error {
	if !t.ended {
		return errors.New("no answer")
	}
	if t.refused != "" {
		if complete {
			return errors.New(t.refused)
		}
		return nil
	}
	report, err := verify.Check(bytes.NewReader(t.text))
	if err != nil {
		return err
	}
	if !report.Consistent() || complete && !report.OK() {
		return fmt.Errorf("%s, faults %v, missing %v\n%s", report.Status, report.Faults, report.Missing, t.text)
	}
	r.tell("snapshot %s", t.text)
	r.result.InFlight += report.Messages
	if !report.OK() {
		r.result.Partial++
		return nil
	}
	r.result.Complete++
	if r.restarts > 0 {
		return nil // what the dead process held is gone
	}
	sum, err := conserved(t.text)
	if err != nil {
		return err
	}
	if want := r.atStart(); sum != want {
		return fmt.Errorf("money or tokens: %d, not %d", sum, want)
	}
	return nil
}

// conserved adds up what the program neither makes nor loses: the money of all
// banks and in all transfers, or the tokens.
func conserved(text []byte) (int64, error) {
	g, err := snapshot.Decode(text)
	if err != nil {
		return 0, err
	}
	sum := int64(0)
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

// atStart is the money of all accounts, or the one token, at the start.
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
