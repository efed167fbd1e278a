package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"chandy/internal/config"
	"chandy/internal/verify"
)

// Result is what came of a run.
type Result struct {
	Processes, Channels int
	Snapshots           int           // taken, all complete and verified
	InFlight            int           // messages in their channels
	Steps               int           // of the world
	Time                time.Duration // virtual
	Trace               uint64        // a hash of all that happened
}

// Run runs the cluster of a seed. The error says what was wrong, and with which
// seed; story, if not nil, hears a line about everything that happens.
func Run(seed uint64, story func(string)) (Result, error) {
	random := rand.New(rand.NewPCG(seed, 0))
	text := randomCluster(random)
	cluster, err := config.Parse("sim.toml", []byte(text))
	if err != nil {
		return Result{}, fmt.Errorf("seed %d: %w\n%s", seed, err, text)
	}
	w := newWorld(seed, cluster, story)
	w.latencyMax = time.Duration(1+random.IntN(5000)) * time.Microsecond
	r := runner{world: w, random: random, deadline: 10 * time.Second}
	err = r.run()
	result := Result{
		Processes: len(cluster.Processes), Channels: len(cluster.Channels()), Snapshots: len(r.taken),
		InFlight: r.inFlight, Steps: w.steps, Time: w.now, Trace: w.trace.Sum64(),
	}
	if err != nil {
		err = fmt.Errorf("seed %d: %w\n%s", seed, err, text)
	}
	return result, err
}

// runner is one run.
type runner struct {
	*world
	random   *rand.Rand
	deadline time.Duration // of each snapshot
	taken    []*taken
	inFlight int
}

func (r *runner) run() error {
	for _, p := range r.cluster.Processes {
		r.after(time.Duration(r.random.IntN(20))*time.Millisecond, func() {
			if err := r.start(p); err != nil {
				panic("bug: " + err.Error())
			}
		})
	}
	r.world.run(time.Duration(20+r.random.IntN(300)) * time.Millisecond) // all run, some are not connected yet
	for range 1 + r.random.IntN(6) {
		at := r.cluster.Processes[r.random.IntN(len(r.cluster.Processes))].ID
		r.after(time.Duration(r.random.Int64N(int64(100*time.Millisecond))), func() {
			r.taken = append(r.taken, r.ask(at, r.deadline))
		})
	}
	r.world.run(r.now + 100*time.Millisecond)
	for !r.allEnded() {
		r.world.run(r.now + 5*time.Millisecond)
	}
	for _, t := range r.taken {
		if err := r.check(t); err != nil {
			return fmt.Errorf("snapshot at %s: %w", t.at, err)
		}
	}
	for _, p := range r.cluster.Processes {
		if n := r.nodes[p.ID]; n.down {
			return fmt.Errorf("%s ended: %w", p.ID, n.err)
		}
	}
	return nil
}

// allEnded tells whether every client has its answer, or must have had it.
func (r *runner) allEnded() bool {
	for _, t := range r.taken {
		if !t.ended {
			return r.now > 2*r.deadline
		}
	}
	return true
}

// check checks one snapshot: complete, consistent, and the sum of the money kept.
func (r *runner) check(t *taken) error {
	if t.refused != "" || !t.ended {
		return fmt.Errorf("ended %v, refused: %q", t.ended, t.refused)
	}
	report, err := verify.Check(bytes.NewReader(t.text))
	if err != nil {
		return err
	}
	if !report.OK() {
		return fmt.Errorf("%s, faults %v, missing %v", report.Status, report.Faults, report.Missing)
	}
	sum, err := conserved(t.text)
	if err != nil {
		return err
	}
	if want := r.atStart(); sum != want {
		return fmt.Errorf("money or tokens: %d, not %d", sum, want)
	}
	r.inFlight += report.Messages
	r.tell("snapshot %s", t.text)
	return nil
}

// conserved adds up what the program neither makes nor loses: the money of all
// banks and in all transfers, or the tokens.
func conserved(text []byte) (int64, error) {
	var s struct {
		Processes map[string]struct {
			State struct{ Balance, Tokens int64 }
		}
		Channels []struct {
			Messages []struct {
				Payload struct {
					Type   string
					Amount int64
				}
			}
		}
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return 0, err
	}
	sum := int64(0)
	for id, p := range s.Processes {
		if p.State.Balance < 0 || p.State.Tokens < 0 {
			return 0, fmt.Errorf("%s has %+v", id, p.State)
		}
		sum += p.State.Balance + p.State.Tokens
	}
	for _, c := range s.Channels {
		for _, m := range c.Messages {
			sum += m.Payload.Amount
			if m.Payload.Type == "token" {
				sum++
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
