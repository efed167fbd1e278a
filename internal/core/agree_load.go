package core

import (
	"errors"
	"fmt"
	"time"

	"chandy/internal/agreement"
	"chandy/internal/saved"
	"chandy/program"
	"chandy/wire"
)

// loading is an instance of the program that is given its state, or has it and is held.
type loading struct {
	proposal agreement.Proposal
	program  program.Program
	base     *Base // nil for the initial state
	begun    time.Duration
}

// load loads this process's part of a snapshot into a fresh instance. The running program
// goes on.
func (g *agreeing) load(p agreement.Proposal) {
	c := g.core
	l := &loading{proposal: p, begun: c.now}
	g.loading = l
	if p.Snapshot == "" {
		c.after(0, func() { g.restore(l) })
		return
	}
	type fetched struct {
		base *Base
		err  error
	}
	offLoop(c, func() (f fetched) {
		f.base, f.err = g.fetch(p)
		return f
	}, func(f fetched) {
		switch {
		case g.loading != l:
		case f.err != nil:
			g.loaded(l, f.err)
		default:
			g.stage(p.Number, wire.Fetched, 0, l.begun)
			g.stage(p.Number, wire.Verified, 0, l.begun)
			l.base = f.base
			g.restore(l)
		}
	})
}

// restore hands a fresh instance its state.
func (g *agreeing) restore(l *loading) {
	if g.loading != l {
		return
	}
	var err error
	if l.base == nil {
		l.program, err = g.initial()
		g.loaded(l, err)
		return
	}
	if l.program, err = g.core.newProgram(); err != nil {
		g.loaded(l, err)
		return
	}
	if taker, ok := l.program.(program.OriginTaker); ok {
		taker.TakeOrigin(program.Origin{Epoch: l.proposal.Number, Snapshot: l.proposal.Snapshot})
	}
	if taker, ok := l.program.(program.AskedTaker); ok {
		var asked []program.AskedRequest
		for _, r := range l.base.Part.Asked {
			asked = append(asked, program.AskedRequest(r))
		}
		taker.TakeAsked(asked)
	}
	l.program.Restore(l.base.Part.State.Bytes, func(err error) { g.core.Do(func() { g.loaded(l, err) }) })
}

// fetch reads what this process has of a snapshot, and verifies it. It runs off the loop.
func (g *agreeing) fetch(p agreement.Proposal) (*Base, error) {
	c, d := g.core, g.core.Store
	m, sha256, err := d.Manifest(p.Snapshot)
	if err != nil {
		return nil, err
	}
	switch mine := m.Process(c.self); {
	case sha256 != p.Manifest:
		return nil, fmt.Errorf("the manifest of %s has the sha256 %s, not %s", p.Snapshot, sha256, p.Manifest)
	case m.Config != fmt.Sprintf("%x", c.Cluster.SnapshotHash()):
		return nil, fmt.Errorf("snapshot %s was saved with another cluster file: processes, channels or markers differ", p.Snapshot)
	case mine == nil:
		return nil, fmt.Errorf("snapshot %s has no part of %s", p.Snapshot, c.self)
	case !mine.Restorable:
		return nil, errors.New(mine.WhyNot)
	}
	part, err := d.ReadPart(m, c.self, nil)
	var corrupt *saved.CorruptError
	if errors.As(err, &corrupt) { // perhaps by a fault of this machine
		part, err = d.ReadPart(m, c.self, nil)
	}
	if errors.As(err, &corrupt) && p.Kind == saved.Recovery {
		if failed := d.Damage(saved.Damaged{ID: m.ID, Object: corrupt.Object, Differ: corrupt.Differ}); failed != nil {
			return nil, failed
		}
	}
	switch {
	case err != nil:
		return nil, err
	case part.State.Error != "":
		return nil, fmt.Errorf("snapshot %s has no state of %s: %s", p.Snapshot, c.self, part.State.Error)
	}
	base := &Base{Part: part, StartedAt: m.StartedAt, Epoch: m.Epoch, Skipped: m.Skipped}
	if m.Held {
		base.Stopped = m.Assembler
	}
	for _, then := range m.Then {
		if then.Process == c.self {
			base.Then = append(base.Then, then.Request)
		}
	}
	return base, nil
}

func (g *agreeing) loaded(l *loading, err error) {
	if g.loading != l || g.core.stopping {
		return
	}
	if err == nil {
		g.stage(l.proposal.Number, wire.Loaded, 0, l.begun)
	}
	g.obey(g.agent.Loaded(err))
}

// drop drops the held instance. One that has no state serves for the next initial state.
func (g *agreeing) drop() {
	l := g.loading
	g.loading = nil
	switch {
	case l == nil || l.program == nil:
	case l.base == nil && g.first == nil:
		g.first = l.program
	default:
		g.core.retire(l.program)
	}
}

var errOneInstance = errors.New("its node got one instance of the program and cannot make another one (NewProgram in netnode.Options)")

// newProgram makes an instance of the program.
func (c *Core) newProgram() (program.Program, error) {
	if c.NewProgram == nil {
		return nil, errOneInstance
	}
	return c.NewProgram()
}

// initial returns an instance of the program for the initial state.
func (g *agreeing) initial() (program.Program, error) {
	if p := g.first; p != nil {
		g.first = nil
		return p, nil
	}
	return g.core.newProgram()
}

// adopt goes to another epoch. The instance that was loaded takes the place of the program.
func (g *agreeing) adopt(e agreement.Adopt) {
	c, d, l := g.core, e.Decision, g.loading
	b := Begin{Epoch: d.Number, Snapshot: d.Snapshot, Listed: d.Voters, Held: e.Held}
	switch e.As {
	case agreement.Listed:
		if l == nil || l.program == nil || l.proposal.Number != d.Number {
			panic("bug: a commit lists this process, and nothing is loaded")
		}
		b.Program, b.Base = l.program, l.base
		g.loading = nil
	case agreement.Initial:
		var err error
		if b.Program, err = g.initial(); err != nil {
			c.exit(fmt.Errorf("epoch %d cannot begin: %w", d.Number, err))
			return
		}
	case agreement.Joining:
		b.Held = true
	}
	begun, undone := c.now, uint64(0)
	if old := c.epoch; old != nil {
		undone = old.undone(b.Base)
		if d.Kind == saved.ByHand && g.recovers && (old.program == nil || !g.recovery.heldAt.IsZero()) {
			c.log.Warn().Msg("a restore was decided before the recovery for which this process waited")
		}
	}
	c.begin(b)
	g.adopted(d, e.As, undone, b.Base)
	if e.As == agreement.Listed {
		g.stage(d.Number, wire.Refilled, l.base.inFlight(c.self), begun)
		g.stage(d.Number, wire.Running, 0, begun)
	}
}

// stage tells the proposers and a client here how far this process is.
func (g *agreeing) stage(number uint64, s wire.StageName, messages uint64, begun time.Duration) {
	f := wire.Stage{Number: number, Stage: s, Messages: messages, Took: g.core.now - begun}
	for _, id := range g.others() {
		if a := g.answers[id]; a != nil {
			g.core.write(a.conn, f)
		}
	}
	g.order.stage(g.core.self, f)
}

// gone marks an error that no other try can mend.
func gone(err error) error {
	var one interface{ Gone() bool }
	if errors.As(err, &one) && one.Gone() {
		return fmt.Errorf("%w: %w", agreement.ErrRemoved, err)
	}
	return err
}
