package core

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/agreement"
	"chandy/internal/config"
	"chandy/internal/store"
	"chandy/internal/store/storetest"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// ticking is a counter that also counts every 100 ms, and sends each process a message then.
type ticking struct{ counter }

func (p *ticking) Start(process program.Process) {
	p.counter.Start(process)
	p.tick()
}

func (p *ticking) tick() {
	p.process.After(100*time.Millisecond, func() {
		p.n++
		for _, to := range p.process.Channels() {
			p.process.Send(to, []byte("tick"))
		}
		p.tick()
	})
}

func (p *ticking) Receive(from snapshot.ProcessID, payload []byte) {
	if from.IsClient() {
		p.counter.Receive(from, payload)
	}
}

// stops is a cluster that recovers, of which nodes are asked to stop.
type stops struct {
	*restorable
	text  bytes.Buffer                         // the log
	ended map[snapshot.ProcessID]time.Duration // nodes that have ended by themselves, and when
	hung  snapshot.ProcessID                   // its store does not answer any more
}

var recovers = agreement.Options{Recover: true}

// newStops returns a cluster that saves a snapshot every so often by itself.
func newStops(t *testing.T, every ...time.Duration) *stops {
	s := emptyStops(t)
	if len(every) > 0 {
		s.config.Snapshot.Every = every[0]
	}
	return s.begun()
}

// emptyStops returns a cluster of which no node has started.
func emptyStops(t *testing.T) *stops {
	s := &stops{restorable: emptyRestorable(t, 3), ended: map[snapshot.ProcessID]time.Duration{}}
	s.log = zerolog.New(&s.text)
	s.program = func() program.Program { return &ticking{counter{closed: &s.closed}} }
	s.hook = func(at snapshot.ProcessID, e Effect) bool {
		switch e := e.(type) {
		case Exit:
			if e.Err != nil {
				t.Errorf("%s ends: got error %v, want none", at, e.Err)
			}
			s.ended[at] = s.now
			s.crash(at)
			return true
		case Background:
			return at == s.hung
		}
		return false
	}
	return s
}

// begun starts all nodes.
func (s *stops) begun() *stops {
	s.startAll()
	s.expect("the first epochs", s.epochs(), slices.Repeat([]uint64{2}, len(s.cores)))
	return s
}

// startAll starts the nodes that do not run.
func (s *stops) startAll() {
	for _, id := range s.config.IDs() {
		if s.cores[id] == nil || s.down[id] {
			s.start(id, recovers)
		}
	}
	s.run(10 * time.Second)
}

// stop asks nodes to stop, and returns how long the last one took, at most for 20 s.
func (s *stops) stop(ids ...snapshot.ProcessID) time.Duration {
	begun := s.now
	for _, id := range ids {
		delete(s.ended, id)
		s.happened(id, Stopping{})
	}
	for s.now < begun+20*time.Second {
		if !slices.ContainsFunc(ids, func(id snapshot.ProcessID) bool { return !s.down[id] }) {
			break
		}
		s.run(10 * time.Millisecond)
	}
	return s.now - begun
}

// counts returns how far the program of each process has counted.
func (s *stops) counts() (all []int) {
	for _, id := range s.config.IDs() {
		all = append(all, s.cores[id].epoch.program.(*ticking).n)
	}
	return all
}

// saved returns how many snapshots are saved.
func (s *stops) saved() (n int) {
	all, err := s.store().List()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, one := range all {
		if one.State == store.Saved {
			n++
		}
	}
	return n
}

func (s *stops) logged(want string) {
	s.t.Helper()
	if !strings.Contains(s.text.String(), want) {
		s.t.Errorf("got the log\n%swant %q in it", &s.text, want)
	}
}

// within fails unless a node ended in time.
func (s *stops) within(took, most time.Duration) {
	s.t.Helper()
	if took > most {
		s.t.Errorf("got an end after %v, want it within %v; the log is\n%s", took, most, &s.text)
	}
}

// goOn reports whether the programs of these processes run.
func (s *stops) goOn(ids ...snapshot.ProcessID) bool {
	before := s.counts()
	s.run(time.Second)
	for i, id := range s.config.IDs() {
		if slices.Contains(ids, id) && s.counts()[i] == before[i] {
			return false
		}
	}
	return true
}

// restarted starts all nodes, and fails unless they go on from these counts.
func (s *stops) restarted(counts []int, because string) {
	s.t.Helper()
	for _, id := range s.config.IDs() {
		if s.down[id] {
			s.start(id, recovers)
		}
	}
	s.run(5 * time.Millisecond)
	for s.now < time.Hour && slices.ContainsFunc(s.config.IDs(), func(id snapshot.ProcessID) bool {
		e := s.cores[id].epoch
		return e == nil || e.program == nil || e.isHeld()
	}) {
		s.run(5 * time.Millisecond)
	}
	s.expect("the counts after the restart", s.counts(), counts)
	for _, id := range s.config.IDs() {
		r := s.cores[id].status().Recovered
		if r == nil || !r.NothingUndone() {
			s.t.Errorf("%s: got the recovery %+v, want nothing undone", id, r)
			continue
		}
		if got, want := r.Text(), fmt.Sprintf("goes on from %s, which %s saved when it stopped: nothing undone", r.To, r.Stopped); got != want {
			s.t.Errorf("%s: got %q, want %q", id, got, want)
		}
		if got := fmt.Sprint(r.Because); got != because {
			s.t.Errorf("%s: got a recovery because of %s, want of %s", id, got, because)
		}
	}
	if !s.goOn("p1", "p2", "p3") {
		s.t.Error("after the restart: got a program that does not run, want all to run")
	}
}

func TestANodeThatStopsHoldsTheOthersUntilItIsBack(t *testing.T) {
	s := newStops(t)
	s.within(s.stop("p2"), time.Second)
	s.expect("the snapshots", s.saved(), 1)
	counts := s.counts()
	if s.goOn("p1") || s.goOn("p3") {
		t.Error("while p2 is away: got a program that runs, want it held")
	}
	s.expect("p1 is held because of", s.cores["p1"].status().HeldBy, snapshot.ProcessID("p2"))
	s.expect("a request meanwhile", s.call("p1"), "")
	s.run(time.Minute)
	s.expect("the counts a minute later", s.counts(), counts)
	s.restarted(append([]int{counts[0] + 1}, counts[1:]...), "[p2]")
	if got := s.cores["p1"].status().Recovered.UndoneMS; got > 1000 {
		t.Errorf("got %v ms undone, want the time until p1 was held, and not until p2 was back", got)
	}
}

func TestNodesThatStopTogetherSaveOnce(t *testing.T) {
	s := newStops(t)
	s.within(s.stop("p1", "p2", "p3"), 2*time.Second)
	s.expect("the snapshots", s.saved(), 1)
	all, _ := s.store().List()
	s.expect("the numbers that were taken", len(all), 1)
	s.restarted(s.counts(), "[p1 p2 p3]")
}

func TestNodesThatStopOneAfterTheOtherSaveOnce(t *testing.T) {
	s := newStops(t)
	for _, id := range []snapshot.ProcessID{"p3", "p1", "p2"} {
		s.within(s.stop(id), 2*time.Second)
		s.run(10 * time.Second)
	}
	s.expect("the snapshots", s.saved(), 1)
	s.restarted(s.counts(), "[p1 p2 p3]")
}

func TestANodeStopsWithoutSavingWhileAPeerIsAbsent(t *testing.T) {
	s := newStops(t)
	s.crash("p3")
	s.run(2 * time.Second)
	s.within(s.stop("p2"), 100*time.Millisecond)
	s.logged("stops without saving: p3 is absent")
	s.expect("the snapshots", s.saved(), 0)
	if !s.goOn("p1") {
		t.Error("p1: got a program that is held, want it to run")
	}
}

// In a ring of four, p1 has no channel with p3.
func TestAnAbsentProcessWithoutAChannelIsNoticed(t *testing.T) {
	s := emptyStops(t)
	s.config = mesh(t, 0, config.Definition{Processes: []config.ProcessDefinition{
		{ID: "p1", Address: "127.0.0.1:1", Channels: []snapshot.ProcessID{"p2"}},
		{ID: "p2", Address: "127.0.0.1:2", Channels: []snapshot.ProcessID{"p3"}},
		{ID: "p3", Address: "127.0.0.1:3", Channels: []snapshot.ProcessID{"p4"}},
		{ID: "p4", Address: "127.0.0.1:4", Channels: []snapshot.ProcessID{"p1"}},
	}})
	s.begun()
	s.crash("p3")
	s.run(time.Minute) // unused connections are closed by then
	s.within(s.stop("p1"), 500*time.Millisecond)
	s.logged("stops without saving: p3 is absent")
	s.startAll()
	s.within(s.stop("p1"), time.Second)
	s.expect("the snapshots once p3 is back", s.saved(), 1)
}

func TestNothingIsSavedByItselfWhileTheClusterIsHeld(t *testing.T) {
	s := newStops(t, time.Second)
	s.within(s.stop("p2"), time.Second)
	s.run(time.Minute)
	if got := s.cores["p1"].status().Saves; got.Failures > 0 {
		t.Errorf("got %+v, want no failures to save without p2", got)
	}
}

// hangs returns a cluster in which p2 saves and cannot finish, because the store of one
// process hangs.
func hangs(t *testing.T, hung snapshot.ProcessID) *stops {
	s := newStops(t)
	s.hook = func(inner func(snapshot.ProcessID, Effect) bool) func(snapshot.ProcessID, Effect) bool {
		return func(at snapshot.ProcessID, e Effect) bool {
			if at == hung && s.cores[at].epoch != nil && s.cores[at].epoch.heldBy != nil {
				s.hung = hung
			}
			return inner(at, e)
		}
	}(s.hook)
	s.happened("p2", Stopping{})
	s.run(500 * time.Millisecond)
	s.expect("p1 is held because of", s.cores["p1"].status().HeldBy, snapshot.ProcessID("p2"))
	return s
}

func TestASecondSignalEndsTheSaving(t *testing.T) {
	s := hangs(t, "p3")
	s.happened("p2", Stopping{AtOnce: true})
	s.within(s.stop("p2"), 100*time.Millisecond)
	s.logged("stops without saving: it was asked to stop at once")
	if s.run(time.Second); !s.goOn("p1", "p3") {
		t.Error("got a program that is held, want it to run")
	}
}

func TestAStopThatCannotSaveInTimeEnds(t *testing.T) {
	for _, hung := range []snapshot.ProcessID{"p2", "p3"} {
		s := hangs(t, hung)
		s.within(s.stop("p2"), 10*time.Second)
		s.logged("stops without saving: ")
		s.run(3 * time.Second)
		if others := []snapshot.ProcessID{"p1", "p3"}; !s.goOn(others...) {
			t.Errorf("the store of %s hangs: got a program that is held, want it to run", hung)
		}
		s.expect("the snapshots", s.saved(), 0)
	}
}

func TestAFailingStoreEndsTheStop(t *testing.T) {
	s := newStops(t)
	full := false
	for _, id := range s.config.IDs() {
		s.crash(id)
	}
	s.faults = func(o storetest.Operation) *storetest.Fault {
		if full && (o.Kind == "put" || o.Kind == "create") {
			return &storetest.Fault{Err: fmt.Errorf("no space left on device")}
		}
		return nil
	}
	s.startAll()
	full = true
	s.within(s.stop("p2"), 10*time.Second)
	s.logged("stops without saving: not saved: ")
	s.logged("no space left on device")
	if !s.goOn("p1", "p3") {
		t.Error("got a program that is held, want it to run")
	}
}

func TestTheOthersGoOnWhenTheSavingProcessDies(t *testing.T) {
	s := hangs(t, "p3")
	s.crash("p2")
	s.run(13 * time.Second)
	s.logged("goes on: p2 has not saved the snapshot")
	if !s.goOn("p1", "p3") {
		t.Error("got a program that is held, want it to run")
	}
}

func TestResumeLetsTheOthersGoOn(t *testing.T) {
	s := newStops(t)
	s.within(s.stop("p2"), time.Second)
	s.run(time.Second)
	for _, id := range []snapshot.ProcessID{"p1", "p3"} {
		s.expect("the replies", len(s.ask(id, wire.ResumeRequest{}, time.Second)), 1)
	}
	if !s.goOn("p1", "p3") {
		t.Fatal("after resume: got a program that is held, want it to run")
	}
	counts := s.counts()
	s.startAll()
	r := s.cores["p1"].status().Recovered
	if r == nil || r.NothingUndone() || r.Messages == 0 {
		t.Errorf("got the recovery %+v, want that messages were undone", r)
	}
	if after := s.counts(); after[0] > counts[0]+100 { // 10 s have passed
		t.Errorf("got the counts %v, which were %v: want that they went back", after, counts)
	}
	replies := s.ask("p1", wire.ResumeRequest{}, time.Second)
	s.expect("resumed again", string(replies[0].Body), `{"code":"not held","text":"p1 is not held"}`)
}

// All nodes end after a resume. Those that start later know it from the store.
func TestResumeIsRememberedByTheStore(t *testing.T) {
	s := newStops(t)
	s.within(s.stop("p2"), time.Second)
	s.run(time.Second)
	s.ask("p1", wire.ResumeRequest{}, time.Second)
	s.crash("p1")
	s.crash("p3")
	s.startAll()
	if r := s.cores["p1"].status().Recovered; r == nil || r.NothingUndone() {
		t.Errorf("got the recovery %+v, want no word that nothing was undone", r)
	}
}

// pausing is a program that can be paused.
type pausing struct {
	ticking
	log *[]string
}

func (p *pausing) Pause()  { *p.log = append(*p.log, "pause") }
func (p *pausing) Resume() { *p.log = append(*p.log, "resume") }
func (p *pausing) Capture(done func(program.State)) {
	*p.log = append(*p.log, "capture")
	p.ticking.Capture(done)
}

func TestAHeldProgramIsPausedAfterItsCapture(t *testing.T) {
	s := newStops(t)
	var log []string
	for _, id := range s.config.IDs() {
		s.crash(id)
	}
	all := s.program
	s.program = func() program.Program { return &pausing{*all().(*ticking), &log} }
	s.startAll()
	s.within(s.stop("p2"), time.Second)
	s.expect("what the programs were asked", log, []string{"capture", "pause", "capture", "pause", "capture", "pause"})
	log = nil
	s.ask("p1", wire.InitiateRequest{TimeoutMS: 1000}, 5*time.Second)
	s.ask("p1", wire.ResumeRequest{}, time.Second)
	s.expect("what the programs were asked after a snapshot and a resume of p1", log, []string{"resume"})
}

// An epoch that began from a snapshot of a stop has run since.
func TestACrashAfterAStopUndoesSomething(t *testing.T) {
	s := newStops(t)
	ids := s.config.IDs()
	s.within(s.stop(ids...), 2*time.Second)
	s.startAll()
	for _, id := range ids {
		s.crash(id)
	}
	s.startAll()
	if r := s.cores["p1"].status().Recovered; r == nil || r.NothingUndone() {
		t.Errorf("got the recovery %+v, want no word that nothing was undone", r)
	}
}

func TestWithoutRecoveryANodeStopsAtOnce(t *testing.T) {
	s := newStops(t)
	for _, id := range s.config.IDs() {
		s.crash(id)
		s.start(id, agreement.Options{})
	}
	s.run(10 * time.Second)
	s.within(s.stop("p2"), 1100*time.Millisecond)
	s.expect("the snapshots", s.saved(), 0)
	if !s.goOn("p1", "p3") {
		t.Error("got a program that is held, want it to run")
	}
}

// A peer that says of a snapshot that it is going to stop, and that never saves it, holds a
// program for no longer than the setting.
func TestAHoldForAPeerIsBounded(t *testing.T) {
	s := hangs(t, "p3")
	h := s.cores["p1"].epoch.heldBy
	h.saved = false
	s.cores["p1"].epoch.heldBy = nil
	forged := h.Start
	forged.ID, forged.Timeout = "forged", 24*time.Hour
	s.cores["p1"].epoch.holdForStop(forged, program.State{})
	s.run(12100 * time.Millisecond)
	s.logged("goes on: p2 has not saved the snapshot")
	if s.cores["p1"].epoch.isHeld() {
		t.Error("got p1 held, want it to run after stop_timeout and a fifth")
	}
}
