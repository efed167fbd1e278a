package sim

import (
	"time"

	"chandy/internal/core"
	"chandy/program"
)

// slow is a program that takes time to return its state, and to take one. Messages that
// other processes send after their recordings arrive meanwhile.
type slow struct {
	program.Program
	node *node
	most time.Duration
}

func (s slow) Capture(done func(program.State)) { s.later(func() { s.Program.Capture(done) }) }

func (s slow) Restore(state []byte, done func(error)) {
	s.later(func() { s.Program.Restore(state, done) })
}

func (s slow) later(f func()) {
	took := time.Duration(s.node.world.random.Int64N(int64(s.most)))
	s.node.world.after(took, func() { s.node.happened(core.Called{F: f}) })
}
