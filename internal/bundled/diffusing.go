package bundled

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"chandy/internal/config"
	"chandy/internal/maelstrom"
	"chandy/program"
	"chandy/snapshot"
)

// diffusingSettings are the keys of [program] for kind "diffusing".
type diffusingSettings struct {
	// Root is the id of the process that has the work at the start. Required.
	Root string `toml:"root"`
	// Units is how many units of work the root has at the start, and how many a request
	// "start" adds. Zero means none.
	Units int64 `toml:"units" default:"100" min:"0" max:"8796093022208"`
	// Work is about how long a process works on one unit: from half as long to one and a
	// half times as long, at random. Zero means that it is done at once.
	Work time.Duration `toml:"work" default:"20ms" min:"0s" max:"1h"`
	// Seed seeds the random choices. Zero means that the node's source is used.
	Seed int64 `toml:"seed" default:"0"`
}

// diffusing is a diffusing computation, as Dijkstra and Scholten describe it. The work
// starts at the root and spreads: an active process does one unit after the other, and may
// send a part of the remaining ones to another process. A process without work is idle
// until a message brings some. Every unit is done once, so the computation terminates.
type diffusing struct {
	base
	settings diffusingSettings
	random   *rand.Rand
	state    diffusingState
	restored bool // the state is from Restore
}

// diffusingState is the local state. Over all processes and the work on its way, the sum
// of Units and Done is equal to the sum of Started.
//
// Invariant: Active is true if and only if Units > 0. A timer is set if and only if Active
// is true.
type diffusingState struct {
	Active   bool  `json:"active"`
	Units    int64 `json:"units"`    // units of work that it has and has not done
	Done     int64 `json:"done"`     // units that it has done
	Started  int64 `json:"started"`  // units that it had at the start, or by requests
	Sent     int64 `json:"sent"`     // messages sent so far
	Received int64 `json:"received"` // messages received so far
}

// work is the only message between the processes. Once it is sent, its units belong to the
// receiver.
type work struct {
	Type  string `json:"type"` // "work"
	Units int64  `json:"units"`
}

// The units that are started at one process are at most startedMax. Over the 1,024
// processes that a cluster can have, they are then at most unitsMax, which every reader of
// JSON can hold.
const (
	startedMax = 1 << 43
	unitsMax   = 1 << 53
)

func newDiffusing(p config.Program, processes []snapshot.ProcessID) (program.Program, error) {
	d := &diffusing{}
	d.requests = table{{"start", d.start}, {"work", d.work}}
	if err := p.Decode(&d.settings); err != nil {
		return nil, err
	}
	return d, named("root", d.settings.Root, "has the work at the start", processes)
}

func (d *diffusing) Start(p program.Process) {
	d.base.Start(p)
	d.random = source(p, d.settings.Seed)
	switch {
	case d.state.Active: // restored
		d.next()
	case !d.restored && string(p.ID()) == d.settings.Root:
		d.state.Started = d.settings.Units
		d.add(d.settings.Units)
	}
}

// add gives the process more units of work.
func (d *diffusing) add(units int64) {
	d.state.Units += units
	if !d.state.Active && d.state.Units > 0 {
		d.state.Active = true
		d.next()
	}
}

func (d *diffusing) next() { d.process.After(about(d.random, d.settings.Work), d.finish) }

// finish ends one unit of work. In three of four cases it then sends a part of the others
// away.
func (d *diffusing) finish() {
	d.state.Units--
	d.state.Done++
	if d.state.Units > 0 && len(d.channels) > 0 && d.random.IntN(4) > 0 {
		units := 1 + d.random.Int64N(d.state.Units)
		if d.send(d.channels[d.random.IntN(len(d.channels))], work{"work", units}) {
			d.state.Units -= units
			d.state.Sent++
		}
	}
	if d.state.Active = d.state.Units > 0; d.state.Active {
		d.next()
	}
}

func (d *diffusing) Receive(from snapshot.ProcessID, payload []byte) {
	if from.IsClient() {
		d.answerClient(from, payload)
		return
	}
	var w work
	if err := json.Unmarshal(payload, &w); err != nil || w.Type != "work" || w.Units <= 0 || w.Units > unitsMax-d.state.Units {
		d.drop(from, payload, errors.New("not a piece of work"))
		return
	}
	d.state.Received++
	d.add(w.Units)
}

// start adds units of work to this process, so that a computation that has terminated
// starts again.
func (d *diffusing) start(b []byte, l maelstrom.Line) ([]byte, *refusal) {
	ask := struct {
		Units int64 `json:"units"`
	}{d.settings.Units}
	if err := json.Unmarshal(l.Body, &ask); err != nil {
		return nil, malformed(err)
	}
	if most := startedMax - d.state.Started; ask.Units <= 0 || ask.Units > most {
		return nil, refuse(maelstrom.CodePreconditionFailed, `"units" must be from 1 to %d, not %d`, most, ask.Units)
	}
	d.state.Started += ask.Units
	d.add(ask.Units)
	return d.work(b, l)
}

// work grants the request "work".
func (d *diffusing) work(b []byte, _ maelstrom.Line) ([]byte, *refusal) {
	return fmt.Appendf(b, `,"active":%t,"units":%d,"done":%d`, d.state.Active, d.state.Units, d.state.Done), nil
}

func (d *diffusing) Capture(done func(program.State)) {
	done(d.captured(mustMarshal(d.state), !d.state.Active))
}

func (d *diffusing) Restore(state []byte, done func(error)) { done(d.restore(state)) }

func (d *diffusing) restore(state []byte) error {
	restored := diffusingState{Units: -1}
	if err := json.Unmarshal(state, &restored); err != nil {
		return fmt.Errorf("state of a diffusing computation: %w", err)
	}
	if restored.Units < 0 || restored.Active != (restored.Units > 0) {
		return fmt.Errorf("state of a diffusing computation whose parts do not fit: %.128q", state)
	}
	d.state, d.restored = restored, true
	return nil
}
