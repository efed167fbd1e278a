package bundled

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"chandy/internal/config"
	"chandy/internal/maelstrom"
	"chandy/program"
	"chandy/snapshot"
)

// philosophersSettings are the keys of [program] for kind "philosophers".
type philosophersSettings struct {
	// Think is about how long a philosopher thinks: from half as long to one and a half
	// times as long, at random. Eat and ForkTimeout vary in the same way. Zero means that
	// it is hungry at once.
	Think time.Duration `toml:"think" default:"100ms" min:"0s" max:"1h"`
	// Eat is about how long a philosopher eats. Zero means that it is done at once.
	Eat time.Duration `toml:"eat" default:"100ms" min:"0s" max:"1h"`
	// ForkTimeout is about how long a hungry philosopher waits before it puts down what it
	// has and thinks again. Zero means that it waits without a limit.
	ForkTimeout time.Duration `toml:"fork_timeout" default:"0s" min:"0s" max:"1h"`
	// Order makes a philosopher take its two forks in the order of their ids. Otherwise it
	// takes its own fork first.
	Order bool `toml:"order" default:"false"`
	// Seed seeds the random choices. Zero means that the node's source is used.
	Seed int64 `toml:"seed" default:"0"`
}

// philosophers is Dijkstra's problem of the dining philosophers. Each process is a
// philosopher and keeps one fork, which has the id of the process. To eat, a philosopher
// needs its own fork and the fork of its neighbour: the process with the next smaller id
// to which it has a channel, or with the largest id if none is smaller. It asks the
// neighbour by a message. The neighbour grants the request when the fork is free. The
// processes need channels in both directions between neighbours, so that each fork is
// shared by two.
//
// If every philosopher holds its own fork and waits for its neighbour's without a
// time-out, none ever eats again: they are deadlocked. In the order of the ids they cannot
// be, because a cycle would need a philosopher that waits for a smaller id than it holds.
type philosophers struct {
	base
	settings  philosophersSettings
	random    *rand.Rand
	neighbour snapshot.ProcessID   // keeps the other fork; empty if there is no channel, and then the philosopher only thinks
	sharer    snapshot.ProcessID   // uses the fork of this process, too
	order     []snapshot.ProcessID // in which it takes its two forks
	state     philosophersState
	phases    int // counts changes of the phase, so that an old timer does nothing
}

func newPhilosophers(p config.Program) (program.Program, error) {
	s := &philosophers{}
	s.requests = table{{"phase", s.phase}}
	if err := p.Decode(&s.settings); err != nil {
		return nil, err
	}
	s.state = philosophersState{Phase: thinking, WaitingFor: []snapshot.ProcessID{}, Forks: []snapshot.ProcessID{}}
	return s, nil
}

func (s *philosophers) Start(p program.Process) {
	s.base.Start(p)
	s.random = source(p, s.settings.Seed)
	others := slices.DeleteFunc(p.Channels(), func(id snapshot.ProcessID) bool { return id == p.ID() })
	if len(others) == 0 {
		return
	}
	i, _ := slices.BinarySearch(others, p.ID())
	s.neighbour, s.sharer = others[(i-1+len(others))%len(others)], others[i%len(others)]
	s.order = []snapshot.ProcessID{p.ID(), s.neighbour}
	if s.settings.Order {
		slices.Sort(s.order)
	}
	switch { // a new state begins with thinking
	case s.state.Phase == hungry:
		s.watch()
	case s.state.Phase == eating:
		s.after(s.settings.Eat, s.finish)
	default:
		s.think()
	}
}

// after calls f about d from now, unless the phase changes before.
func (s *philosophers) after(d time.Duration, f func()) {
	phases := s.phases
	s.process.After(about(s.random, d), func() {
		if s.phases == phases {
			f()
		}
	})
}

func (s *philosophers) enter(phase string) {
	s.state.Phase = phase
	s.phases++
}

func (s *philosophers) think() {
	s.enter(thinking)
	if s.settings.Think == 0 {
		s.hunger() // at once, so that a neighbour's request does not come first
		return
	}
	s.after(s.settings.Think, s.hunger)
}

func (s *philosophers) hunger() {
	s.enter(hungry)
	s.watch()
	s.take()
}

// watch limits how long the philosopher is hungry.
func (s *philosophers) watch() {
	if s.settings.ForkTimeout > 0 {
		s.after(s.settings.ForkTimeout, func() {
			s.putDown()
			s.think()
		})
	}
}

// wanted returns the fork that a hungry philosopher needs next. It is empty if the
// philosopher is not hungry or has both forks.
func (s *philosophers) wanted() snapshot.ProcessID {
	if s.state.Phase == hungry {
		for _, id := range s.order {
			if !slices.Contains(s.state.Forks, id) {
				return id
			}
		}
	}
	return ""
}

// take takes the forks that a hungry philosopher needs, in order. It returns at the first
// one that it has to wait for. It must be called again when the philosopher has got it.
func (s *philosophers) take() {
	for {
		switch id := s.wanted(); {
		case id == "":
			s.enter(eating)
			s.after(s.settings.Eat, s.finish)
			return
		case id == s.neighbour:
			s.state.Asked++
			s.send(id, forkMessage{Type: "request", MsgID: s.state.Asked})
			return
		case s.state.Holder != "":
			s.waitFor(s.sharer)
			return
		}
		s.state.Holder = s.process.ID()
		s.got(s.process.ID())
	}
}

// waitFor notes that the next fork is in the hands of a process. If there is a time-out,
// the philosopher does not depend on that process, because it goes on by itself.
func (s *philosophers) waitFor(id snapshot.ProcessID) {
	if s.settings.ForkTimeout == 0 {
		s.state.WaitingFor = []snapshot.ProcessID{id}
	}
}

func (s *philosophers) got(id snapshot.ProcessID) {
	s.state.Forks = append(s.state.Forks, id)
	s.state.WaitingFor = []snapshot.ProcessID{}
}

func (s *philosophers) finish() {
	s.state.Meals++
	s.putDown()
	s.think()
}

// putDown gives back the forks that the philosopher holds, and the request that it has
// sent.
func (s *philosophers) putDown() {
	own := slices.Contains(s.state.Forks, s.process.ID())
	asked := slices.Contains(s.state.Forks, s.neighbour) || s.wanted() == s.neighbour
	s.enter(thinking)
	s.state.Forks, s.state.WaitingFor = []snapshot.ProcessID{}, []snapshot.ProcessID{}
	if asked {
		s.send(s.neighbour, forkMessage{Type: "release"})
	}
	if own {
		s.putOwn()
	}
}

func (s *philosophers) phase(b []byte, _ maelstrom.Line) ([]byte, *refusal) {
	return fmt.Appendf(b, `,"phase":%q,"meals":%d`, s.state.Phase, s.state.Meals), nil
}
