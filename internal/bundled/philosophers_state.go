package bundled

import (
	"encoding/json"
	"fmt"
	"strconv"

	"chandy/program"
	"chandy/snapshot"
)

// The values of philosophersState.Phase.
const (
	thinking = "thinking"
	hungry   = "hungry"
	eating   = "eating"
)

// philosophersState is the local state.
//
// Invariant: an eating philosopher holds two forks, and a thinking one none.
type philosophersState struct {
	Phase string `json:"phase"`
	// WaitingFor is the process that has the next fork, if the philosopher cannot go on
	// before that process has put it down. The list is empty while the philosopher does not
	// know whether the fork is free.
	WaitingFor []snapshot.ProcessID `json:"waiting_for"`
	Forks      []snapshot.ProcessID `json:"forks"` // the forks that it holds
	Meals      int64                `json:"meals"` // meals that are over
	Asked      int64                `json:"asked"` // requests sent to the neighbour so far
	fork                            // the fork that the process keeps
}

// Capture says that a philosopher who waits without a time-out is idle: only a message can
// move it.
func (s *philosophers) Capture(done func(program.State)) {
	waits := s.state.Phase == hungry && s.settings.ForkTimeout == 0
	state := s.captured(mustMarshal(s.state), waits || s.neighbour == "")
	if s.state.Request > 0 {
		open := snapshot.OpenRequest{From: s.sharer, MsgID: strconv.FormatInt(s.state.Request, 10), Since: s.process.Now() - s.state.since}
		state.Open = append(state.Open, open)
	}
	done(state)
}

func (s *philosophers) Restore(state []byte, done func(error)) { done(s.restore(state)) }

func (s *philosophers) restore(state []byte) error {
	restored := philosophersState{}
	if err := json.Unmarshal(state, &restored); err != nil {
		return fmt.Errorf("state of a philosopher: %w", err)
	}
	r, forks := restored, len(restored.Forks)
	fits := r.Phase == thinking && forks == 0 || r.Phase == hungry && forks < 2 || r.Phase == eating && forks == 2
	if !fits || r.WaitingFor == nil || r.Forks == nil || r.Meals < 0 || r.Asked < 0 || r.Request < 0 || r.Holder == "" && r.Request > 0 {
		return fmt.Errorf("state of a philosopher whose parts do not fit: %.128q", state)
	}
	s.state = restored
	return nil
}
