package core

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"chandy/internal/saved"
	"chandy/snapshot"
	"chandy/wire"
)

// saving is a snapshot that this process assembles and is to save.
type saving struct {
	number uint64
	name   string
	store  string // id of the store
}

var errNoStore = errors.New("the node has no store: it needs a cluster file with a path, or [snapshot] store")

// saveRetry is how long a node waits before it asks again whether the snapshot that is being
// saved has ended.
const saveRetry = 100 * time.Millisecond

// errorMax is how many bytes of an error of a store are kept.
const errorMax = 1000

// save is initiate for a snapshot that is to be saved. The number of the snapshot is taken
// first, so that numbers follow the order of the cuts (shared store, see docs/store.md).
// refused is called instead of finished if nothing was started.
type save struct {
	*epoch
	initiators []snapshot.ProcessID
	deadline   time.Duration
	wants      snapshot.Wants
	name       string
	owner      *session // nil if no client asked for it
	started    func(*assembling)
	finished   func(*taken)
	refused    func(error)

	id       snapshot.ID
	givenUp  string      // why nobody waits for it any more; empty if somebody does
	assembly *assembling // of a planned stop
}

// tookNumber is the result of asking the store for a number.
type tookNumber struct {
	store  string
	number uint64
	err    error
}

// take asks the store for a number.
func (s *save) take() {
	c := s.core
	switch {
	case s.givenUp != "":
		return
	case c.epoch != s.epoch:
		s.refuse(errEpochEnded)
		return
	case c.Store == nil:
		s.refuse(errNoStore)
		return
	}
	if s.id == "" {
		s.id = s.newID(c.Wall())
	}
	left := max(0, s.deadline-c.now)
	taken := saved.Taken{Epoch: s.number, ID: s.id, Name: s.name, By: c.node(), TimeoutMS: uint64(left.Milliseconds())}
	offLoop(c, func() (t tookNumber) {
		if c.Cluster.Recovers() { // the first epoch has made the store
			t.store, t.err = c.Store.ID()
		} else {
			t.store, t.err = c.Store.Create(string(s.id))
		}
		if t.err == nil {
			t.number, t.err = c.Store.Take(taken)
		}
		return t
	}, func(t tookNumber) {
		var busy interface{ Holder() saved.Taken }
		switch {
		case s.owner != nil && s.owner.ended:
			s.abandon(t.number, "its client has gone")
		case s.givenUp != "":
			s.abandon(t.number, s.givenUp)
		case c.epoch != s.epoch:
			s.abandon(t.number, "its epoch has ended")
			s.refuse(errEpochEnded)
		case t.err == nil:
			s.begin(t)
		case errors.As(t.err, &busy) && c.now+saveRetry < s.deadline:
			s.wait(busy.Holder())
		default:
			s.abandon(t.number, t.err.Error())
			if t.number == 0 {
				c.doubtTaken(taken, t.err)
			}
			s.refuse(fmt.Errorf("not saved: %w", t.err))
		}
	})
}

// giveUp ends the saving, as far as it has come. Neither refused nor finished need be called
// afterwards.
func (s *save) giveUp(why string) {
	s.givenUp = why
	if s.assembly != nil {
		s.epoch.cancelOne(s.assembly, why)
	}
}

// refuse ends a snapshot that was not begun. A failure of the store is noted; a mistake of the
// client is not.
func (s *save) refuse(err error) {
	if savingCode(err) != wire.CodeBadRequest {
		s.core.saves.failed(cut(err.Error(), errorMax))
		s.core.log.Error().Err(err).Str("snapshot", string(s.id)).Msg("snapshot not saved")
	}
	s.refused(err)
}

// savingCode returns the code of the reply to a client whose snapshot was not begun.
func savingCode(err error) string {
	var taken interface{ NameTaken() string }
	if errors.As(err, &taken) {
		return wire.CodeBadRequest
	}
	return wire.CodeStorage
}

// wait waits for the snapshot that is being saved. If its assembler has ended, or its time
// is over, it is abandoned.
func (s *save) wait(busy saved.Taken) {
	c := s.core
	if busy.ID != c.busy { // other requests may have seen it before
		c.busy, c.busyFrom = busy.ID, c.now
	}
	over := c.busyFrom + time.Duration(min(busy.TimeoutMS, uint64(timeoutMax.Milliseconds())))*time.Millisecond + saveGrace
	switch p := s.peers[busy.By.Process]; {
	case p != nil && p.Incarnation != "" && p.Incarnation != busy.By.Incarnation, c.now > over:
		s.core.abandon(busy.Epoch, busy.Number, fmt.Sprintf("%s did not finish it", busy.By.Process), func(err error) {
			if err != nil {
				c.after(saveRetry, s.take)
				return
			}
			s.take()
		})
	default:
		c.after(saveRetry, s.take) // also if the epoch ends: the client must have its answer
	}
}

// saveGrace is how long an assembler may take for the manifest after the time-out of a
// snapshot.
const saveGrace = 10 * time.Second

// begin initiates the snapshot.
func (s *save) begin(t tookNumber) {
	a, err := s.epoch.begin(s.id, s.initiators, s.deadline-s.core.now, s.wants, s.finished)
	if err != nil {
		s.abandon(t.number, err.Error())
		s.refuse(err)
		return
	}
	a.saving = &saving{number: t.number, name: s.name, store: t.store}
	a.owner = s.owner
	s.started(a)
}

// abandon says in the store that the number will not be used.
func (s *save) abandon(number uint64, why string) {
	if number > 0 {
		s.core.giveBack(s.epoch.number, number, why, func() {})
	}
}

// abandon says in the store that the snapshot of a number will not be saved.
func (c *Core) abandon(epoch, number uint64, why string, then func(error)) {
	by := c.node()
	offLoop(c, func() error { return c.Store.Abandon(epoch, number, cut(why, errorMax), by) }, func(err error) {
		if err != nil && c.warns("abandon") {
			c.log.Warn().Err(err).Uint64("number", number).Msg("cannot abandon a snapshot that was to be saved")
		}
		then(err)
	})
}

// giveBackRetry is how long a node waits before it tries again to abandon a snapshot of its
// own.
const giveBackRetry = 500 * time.Millisecond

// giveBack abandons a snapshot that this process was to save. If the store fails, as when it
// is full, it tries again until it succeeds: until then nobody can save another snapshot.
func (c *Core) giveBack(epoch, number uint64, why string, then func()) {
	c.abandon(epoch, number, why, func(err error) {
		if failedForNow(err) && !c.stopping {
			c.after(giveBackRetry, func() { c.giveBack(epoch, number, why, func() {}) })
		}
		then()
	})
}

// doubtsMax is how many snapshots may be in doubt at once.
const doubtsMax = 16

// doubtTaken is for a snapshot that got no number because of err. If the store failed, the
// number may have been taken all the same. Then nobody could save a snapshot until the time of
// this one is over. To take it again says which number it has, so doubtTaken does that until
// the store answers, and then abandons the snapshot.
func (c *Core) doubtTaken(taken saved.Taken, err error) {
	if !failedForNow(err) || c.doubts >= doubtsMax {
		return
	}
	c.doubts++
	var again func()
	again = func() {
		offLoop(c, func() (t tookNumber) {
			t.number, t.err = c.Store.Take(taken)
			return t
		}, func(t tookNumber) {
			if t.number == 0 && failedForNow(t.err) && !c.stopping {
				c.after(giveBackRetry, again)
				return
			}
			c.doubts--
			if t.number > 0 {
				c.giveBack(taken.Epoch, t.number, err.Error(), func() {})
			}
		})
	}
	c.after(giveBackRetry, again)
}

// failedForNow reports whether a store failed in a way that another try may overcome.
func failedForNow(err error) bool {
	var again interface{ Again() bool }
	return errors.As(err, &again) && again.Again()
}

// node returns this lifetime of the process.
func (c *Core) node() saved.Node { return saved.Node{Process: c.self, Incarnation: c.Incarnation} }

// conclude saves the manifest of a snapshot of which everything has come, or abandons it.
// Then it calls done.
func (e *epoch) conclude(a *assembling, t *taken, done func()) {
	c := e.core
	manifest, err := e.manifest(a, t)
	if err == nil && c.epoch != e {
		err = errEpochEnded
	}
	if err == nil {
		err = c.agree.saveBegins()
	}
	if err != nil {
		e.saveFailed(a, t, err)
		c.giveBack(e.number, a.saving.number, err.Error(), done)
		return
	}
	done = c.agree.saveEnds(done)
	keep := c.Cluster.Snapshot.Keep
	offLoop(c, func() error {
		_, err := c.Store.Save(manifest)
		return err
	}, func(err error) {
		if err != nil {
			e.saveFailed(a, t, err)
			c.giveBack(e.number, a.saving.number, err.Error(), done)
			return
		}
		t.save = &wire.SaveReply{Number: manifest.Number, Name: manifest.Name, Bytes: partBytes(manifest), NotRestorable: notRestorable(manifest)}
		c.saves.saved(c.now, manifest)
		c.log.Info().Str("snapshot", string(a.ID)).Uint64("number", manifest.Number).Msg("snapshot saved")
		done()
		offLoop(c, func() pruned { return c.prune(keep) }, c.pruned)
	})
}

// saveFailed notes that a snapshot could not be saved.
func (e *epoch) saveFailed(a *assembling, t *taken, err error) {
	c := e.core
	t.save = &wire.SaveReply{Error: cut(err.Error(), errorMax)}
	c.saves.failed(t.save.Error)
	c.log.Error().Str("snapshot", string(a.ID)).Msg("snapshot not saved: " + t.save.Error)
}

// manifest returns the manifest of a snapshot that this process assembled, or why it cannot
// be saved.
func (e *epoch) manifest(a *assembling, t *taken) (*saved.Manifest, error) {
	c := e.core
	if !t.Complete() {
		return nil, fmt.Errorf("the snapshot is partial: %s", t.Missing[0])
	}
	sum := c.Cluster.SnapshotHash()
	hash := hex.EncodeToString(sum[:])
	m := &saved.Manifest{
		ID: a.ID, Cluster: c.Cluster.Name, Config: hash, Epoch: e.number, Number: a.saving.number, Name: a.saving.name,
		Base: e.base, Assembler: c.self, Initiators: a.initiators, StartedAt: t.StartedAt, ElapsedMS: milliseconds(t.Elapsed),
		Held: a.Hold,
	}
	var parts []saved.Summary
	if waits := a.collector.Waits(); len(waits) > 0 {
		return nil, fmt.Errorf("%v have not written their parts in time", waits)
	}
	for i, s := range a.collector.Stored() {
		process := t.Processes[i]
		var part saved.Summary
		switch {
		case s.Error != "":
			return nil, fmt.Errorf("%s: %s", s.Process, s.Error)
		case s.Store != a.saving.store:
			return nil, c.anotherStore(s, a.saving.store)
		case json.Unmarshal(s.Summary, &part) != nil || part.Process != s.Process || part.Incarnation != s.Incarnation:
			return nil, fmt.Errorf("%s has sent a summary that cannot be read", s.Process)
		}
		parts = append(parts, part)
		m.Processes = append(m.Processes, saved.Process{ID: part.Process, Incarnation: part.Incarnation, Part: part.Part, Restorable: part.WhyNot == "", WhyNot: part.WhyNot,
			RecordedAfterMS: milliseconds(process.RecordedAfter), CompletedAfterMS: milliseconds(process.CompletedAfter)})
	}
	channels, faults := saved.Certify(c.topology, parts)
	if len(faults) > 0 {
		return nil, fmt.Errorf("a bug: the parts do not prove the cut: %w", errors.Join(faults...))
	}
	for i, ch := range t.Channels {
		for _, r := range ch.Resets {
			channels[i].Resets = append(channels[i].Resets, saved.Reset(r))
		}
	}
	m.Channels = channels
	return m, nil
}

// anotherStore returns the error for a process that does not see the store of this one.
func (c *Core) anotherStore(s snapshot.Stored, mine string) error {
	its := "its id is " + s.Store
	if s.Store == "" {
		its = "there is none yet where it looks"
	}
	return fmt.Errorf("%s has another store: %s, and the id of that of %s is %s; [snapshot] store must be one folder that all nodes share", s.Process, its, c.self, mine)
}

func partBytes(m *saved.Manifest) (n uint64) {
	for _, p := range m.Processes {
		n += p.Part.Bytes
	}
	return n
}

// notRestorable lists the processes that could not be given their states again, and why.
func notRestorable(m *saved.Manifest) (all []string) {
	for _, p := range m.Processes {
		if !p.Restorable {
			all = append(all, fmt.Sprintf("%s: %s", p.ID, p.WhyNot))
		}
	}
	return shorten(all)
}

// saves is what the status says of the snapshots that this node assembled and saved.
type saves struct {
	last     snapshot.ID
	at       time.Duration
	failures int // since the last one that was saved
	why      string
	bytes    int64 // in the store, when a snapshot was saved last
}

func (s *saves) saved(now time.Duration, m *saved.Manifest) {
	*s = saves{last: m.ID, at: now, bytes: s.bytes}
}

func (s *saves) failed(why string) {
	s.failures++
	s.why = why
}

// pruned is the result of prune.
type pruned struct {
	removed []snapshot.ID
	bytes   int64
	err     error
}

// prune removes what retention does not keep. It runs off the loop.
func (c *Core) prune(keep int) (p pruned) {
	if p.removed, p.err = c.Store.Prune(keep); p.err == nil {
		p.bytes, p.err = c.Store.Size()
	}
	return p
}

func (c *Core) pruned(p pruned) {
	for _, id := range p.removed {
		c.log.Info().Str("snapshot", string(id)).Msg("saved snapshot removed: keep in [snapshot] allows no more")
	}
	if p.err != nil {
		c.log.Warn().Err(p.err).Msg("cannot remove old saved snapshots")
		return
	}
	c.saves.bytes = p.bytes
}
