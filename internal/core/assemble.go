package core

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// assembly is the assembler's side: snapshots whose parts come together here, and
// the links to other nodes.
type assembly struct {
	assemblies map[snapshot.ID]*assembling
	links      map[snapshot.ProcessID]*assemblyLink
}

func (a *assembly) init() {
	a.assemblies = map[snapshot.ID]*assembling{}
	a.links = map[snapshot.ProcessID]*assemblyLink{}
}

// assembling is one snapshot whose parts come together here.
type assembling struct {
	snapshot.Start
	collector    *snapshot.Collector
	started      time.Duration
	contributors []*contributor
	finished     func(*snapshot.Global)
	timeUp       *timer
}

// initiate starts a snapshot of which this process is the assembler and the first
// initiator. An error means that nothing was started.
func (c *Core) initiate(at []snapshot.ProcessID, timeout time.Duration, finished func(*snapshot.Global)) (*assembling, error) {
	started := c.Wall()
	start := snapshot.Start{
		ID: snapshot.ID(NewName(started, c.Options.Rand)), Assembler: c.self,
		Deadline: c.now + timeout, Timeout: timeout,
	}
	a := &assembling{
		Start: start, started: c.now, finished: finished,
		collector: snapshot.NewCollector(snapshot.Plan{
			ID: start.ID, Cluster: c.Cluster.Name, Epoch: epoch, Topology: c.topology, Initiators: at, StartedAt: started,
		}),
	}
	c.assemblies[start.ID] = a
	effects, err := c.recorder.Initiate(start)
	if err != nil {
		delete(c.assemblies, start.ID)
		return nil, err
	}
	c.log.Debug().Str("snapshot", string(start.ID)).Msg("snapshot initiated")
	for _, other := range at[1:] {
		ask := wire.Join{Snapshot: start.ID, Assembler: start.Assembler, TimeLeft: timeout}
		c.link(other).ship(start, []wire.Frame{ask})
	}
	a.timeUp = c.timers.add(start.Deadline, func() { c.finishSnapshot(a) })
	c.obey(effects)
	return a, nil
}

// collect takes pieces of the part of any process, this one included.
func (c *Core) collect(id snapshot.ID, pieces []snapshot.Piece) {
	a := c.assemblies[id]
	if a == nil {
		return
	}
	for _, piece := range pieces {
		if err := a.collector.Add(c.now-a.started, piece); err != nil {
			c.log.Error().Err(err).Str("snapshot", string(id)).Msg("piece of a part dropped")
		}
	}
	if a.collector.Done() {
		c.finishSnapshot(a)
	}
}

// collectRestarted ends the snapshots that are assembled here and wait for a
// process that restarted: its part will not be completed. The recorder says so
// only of those in which this process's own part is not complete.
func (c *Core) collectRestarted(id snapshot.ProcessID) {
	failed := snapshot.Failed{Process: id, Reason: snapshot.ProcessRestarted, Detail: "noticed by " + string(c.self)}
	for _, name := range slices.Sorted(maps.Keys(c.assemblies)) {
		if a := c.assemblies[name]; a != nil && slices.Contains(a.collector.Waits(), id) {
			c.collect(name, []snapshot.Piece{failed})
		}
	}
}

// finishSnapshot assembles what has come and tells everybody what became of it.
func (c *Core) finishSnapshot(a *assembling) {
	if c.assemblies[a.ID] != a {
		return
	}
	delete(c.assemblies, a.ID)
	a.timeUp.cancel()
	why := c.whyMissing
	if a.collector.Restarted() {
		why = func(snapshot.ProcessID) (snapshot.Reason, string) {
			return snapshot.PartNotReceived, "the snapshot ended when a process had restarted"
		}
	}
	g := a.collector.Assemble(c.now-a.started, why)
	c.recorder.Abandon(a.ID)
	c.forget(a.ID, c.self)
	for _, id := range g.Initiators[1:] {
		c.link(id).forget(a.ID)
	}
	for i := range g.Missing {
		sayHowLong(g, &g.Missing[i])
	}
	for _, m := range g.Missing {
		if m.Reason == snapshot.Inconsistent {
			c.log.Error().Str("snapshot", string(a.ID)).Str("channel", m.Channel.String()).Msg("bug: the certificate does not hold: " + m.Detail)
		}
	}
	c.log.Info().Str("snapshot", string(a.ID)).Str("status", g.Status()).Int("in_flight", g.InFlight()).
		Float64("elapsed_ms", milliseconds(g.Elapsed)).Msg("snapshot taken")
	a.finished(g)
	for _, one := range a.contributors { // after whoever waits for the snapshot
		one.outcome(a.ID, g.Status())
	}
}

// sayHowLong completes what is said of a channel that was not closed.
func sayHowLong(g *snapshot.Global, m *snapshot.Missing) {
	for _, p := range g.Processes {
		if m.Reason == snapshot.MarkerNotCome && m.Detail == "" && p.ID == m.Channel.To {
			m.Detail = fmt.Sprintf("%s waited %v for it", p.ID, (g.Elapsed - p.RecordedAfter).Round(time.Millisecond))
		}
	}
}

// whyMissing says what is known here of a process whose part did not come.
func (c *Core) whyMissing(id snapshot.ProcessID) (snapshot.Reason, string) {
	if id == c.self {
		return snapshot.PartNotReceived, "its program did not give its state in time"
	}
	down := func(channel fmt.Stringer, since time.Duration, err error) (snapshot.Reason, string) {
		detail := fmt.Sprintf("channel %s is down for %v", channel, (c.now - since).Round(time.Millisecond))
		if err != nil {
			detail += ": " + err.Error()
		}
		return snapshot.Unreachable, detail
	}
	if out := c.outgoing(id); out != nil && !out.up {
		return down(out, out.since, out.lastErr)
	}
	if in := c.incoming(id); in != nil && !in.up() {
		return down(in, in.since, in.lastErr)
	}
	if l := c.links[id]; l != nil && !l.up && l.lastErr != nil {
		return snapshot.Unreachable, "no connection with it: " + l.lastErr.Error()
	}
	if c.outgoing(id) == nil && c.incoming(id) == nil {
		return snapshot.PartNotReceived, fmt.Sprintf("%s has no channel with it", c.self)
	}
	return snapshot.PartNotReceived, "it is connected but did not answer in time"
}

// contributor is an assembly connection from another process.
type contributor struct {
	core        *Core
	conn        ConnID
	peer        snapshot.ProcessID
	incarnation snapshot.Incarnation // of the peer, by its hello
	sections    map[sectionID][]byte // that have begun
	bytes       int                  // in sections, and sectionBytes for each
	outcomes    []wire.Frame         // that it will be told
	telling     *timer
}

// outcomeDelay is how long the outcome of a complete snapshot may wait for others: it
// lets its contributors forget what they have sent, and nobody waits for it.
const outcomeDelay = 20 * time.Millisecond

const (
	// sectionBytes is what a section that has begun counts for beside its bytes.
	sectionBytes = 4 << 10
	// otherPieces is how many pieces a section may have that are not about an end of a
	// channel.
	otherPieces = 16
)

type sectionID struct {
	snapshot snapshot.ID
	section  uint64
}

func (c *Core) openAssembly(conn ConnID, peer snapshot.ProcessID, incarnation snapshot.Incarnation) {
	c.use(conn, &contributor{core: c, conn: conn, peer: peer, incarnation: incarnation, sections: map[sectionID][]byte{}})
	c.greeted(conn)
	c.do(Accept{conn})
	c.write(conn, wire.Welcome{Version: wire.Version, Epoch: epoch, Incarnation: c.Incarnation})
}

func (o *contributor) String() string {
	return fmt.Sprintf("assembly %s->%s", o.peer, o.core.self)
}

func (o *contributor) closed(error) {
	o.telling.cancel()
	o.outcomes = nil
}

func (o *contributor) frame(f wire.Frame) error {
	switch f := f.(type) {
	case wire.Chunk:
		return o.part(f)
	case wire.Join:
		return o.ask(f)
	}
	return fmt.Errorf("%s does not belong here", f.Type())
}

func (o *contributor) part(f wire.Chunk) error {
	if f.Process != o.peer {
		return fmt.Errorf("a part of %s from %s", f.Process, o.peer)
	}
	a := o.core.assemblies[f.Snapshot]
	if a == nil {
		if f.Last {
			o.outcome(f.Snapshot, wire.StatusUnknown)
		}
		return nil
	}
	a.addContributor(o)
	section, whole, err := o.section(f)
	if err != nil || !whole {
		return err
	}
	t := o.core.topology
	pieces, err := wire.DecodeSection(o.peer, o.incarnation, section, len(t.In(o.peer))+len(t.Out(o.peer))+otherPieces)
	if err != nil {
		return err
	}
	o.core.collect(f.Snapshot, pieces)
	return nil
}

// section gives what has come of a section with a chunk, and tells whether that is the
// whole. It is lent like the frame then, unless it has more than wire.LentMax bytes.
func (o *contributor) section(f wire.Chunk) (section []byte, whole bool, err error) {
	key := sectionID{f.Snapshot, f.Section}
	section, begun := o.sections[key]
	if !begun && f.Last && len(f.Bytes) == 1 && f.Len() <= wire.LentMax {
		return f.Bytes[0], true, nil
	}
	if !begun {
		o.bytes += sectionBytes
	}
	if o.bytes += f.Len(); o.bytes > PartMax {
		return nil, false, fmt.Errorf("a part of more than %d bytes", PartMax)
	}
	if have := len(section) + f.Len(); !f.Last && cap(section) < have {
		section = slices.Grow(section, 2*have-len(section)) // there is more to come
	}
	for _, bytes := range f.Bytes {
		section = append(section, bytes...)
	}
	o.sections[key] = section
	if f.Last {
		o.drop(key)
	}
	return section, f.Last, nil
}

// drop frees a section.
func (o *contributor) drop(key sectionID) {
	o.bytes -= len(o.sections[key]) + sectionBytes
	delete(o.sections, key)
}

func (a *assembling) addContributor(o *contributor) {
	for _, one := range a.contributors {
		if one == o {
			return
		}
	}
	a.contributors = append(a.contributors, o)
}

// outcome tells, now or soon, what became of a snapshot, and frees what had begun to
// come of it.
func (o *contributor) outcome(id snapshot.ID, status string) {
	for key := range o.sections {
		if key.snapshot == id {
			o.drop(key)
		}
	}
	if _, open := o.core.conns[o.conn]; !open {
		return
	}
	o.outcomes = append(o.outcomes, wire.Outcome{Snapshot: id, Status: status})
	switch {
	case status != wire.StatusComplete, o.core.stopping: // there may be recordings of it; or no time
		o.tell()
	case o.telling == nil:
		o.telling = o.core.after(outcomeDelay, o.tell)
	}
}

// tellOutcomes tells all contributors what they have not been told.
func (c *Core) tellOutcomes() {
	for _, id := range slices.Sorted(maps.Keys(c.conns)) {
		if o, ok := c.conns[id].use.(*contributor); ok {
			o.tell()
		}
	}
}

// tell writes the outcomes.
func (o *contributor) tell() {
	o.telling.cancel()
	o.telling = nil
	if len(o.outcomes) > 0 {
		o.core.write(o.conn, o.outcomes...)
		clear(o.outcomes)
		o.outcomes = o.outcomes[:0]
	}
}

// ask makes this process one of the initiators of somebody else's snapshot.
func (o *contributor) ask(f wire.Join) error {
	c := o.core
	if f.Assembler != o.peer {
		return fmt.Errorf("asked by %s for a snapshot of %s", o.peer, f.Assembler)
	}
	start := snapshot.Start{ID: f.Snapshot, Assembler: f.Assembler, Deadline: c.now + f.TimeLeft, Timeout: f.TimeLeft}
	effects, err := c.recorder.Initiate(start)
	switch {
	case errors.Is(err, snapshot.ErrKnown):
		return nil
	case err != nil:
		failed := snapshot.Failed{Process: c.self, Reason: snapshot.Refused, Detail: err.Error()}
		c.report(&snapshot.Report{Start: start, Piece: failed, Last: true})
		return nil
	}
	c.watch()
	c.obey(effects)
	return nil
}
