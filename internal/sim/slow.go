package sim

import (
	"time"

	"chandy/internal/core"
	"chandy/program"
)

// slow is a program that takes time to return its state. Messages that other processes
// send after their recordings arrive meanwhile.
type slow struct {
	program.Program
	node *node
	most time.Duration
}

func (s slow) Capture(done func(program.State)) {
	took := time.Duration(s.node.world.random.Int64N(int64(s.most)))
	s.node.world.after(took, func() {
		s.node.happened(core.Called{F: func() { s.Program.Capture(done) }})
	})
}
