package core

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// process is the handle that a program has of its process. Once its epoch has ended,
// Send fails, and After, Do, Hold, Release and Stop do nothing.
type process struct {
	core  *Core
	epoch *epoch // nil once it has ended
}

var _ program.Process = (*process)(nil)

func (p *process) ID() snapshot.ProcessID { return p.core.self }

func (p *process) Channels() []snapshot.ProcessID {
	return slices.Clone(p.core.topology.Out(p.core.self))
}

func (p *process) Send(to snapshot.ProcessID, payload []byte) error {
	e := p.epoch
	switch {
	case e == nil:
		return fmt.Errorf("message to %s: %w", to, errEpochEnded)
	case len(payload) > wire.MessageMax:
		return fmt.Errorf("message to %s: %d bytes, more than %d", to, len(payload), wire.MessageMax)
	}
	if out := e.outgoing(to); out != nil {
		out.send(payload)
		return nil
	}
	if to.IsClient() {
		return e.clients.reply(to, payload)
	}
	if p.core.topology.Has(to) {
		return fmt.Errorf("message to %s: no channel from %s to %s", to, p.core.self, to)
	}
	return fmt.Errorf("message to %s: no such process", to)
}

func (p *process) After(d time.Duration, f func()) {
	if p.epoch != nil {
		p.epoch.delivery.timers.add(p.core.now+d, f)
	}
}

// Do is called from any goroutine, so it must not read p.epoch itself.
func (p *process) Do(f func()) {
	p.core.Do(func() {
		if p.epoch != nil {
			f()
		}
	})
}

func (p *process) Now() time.Duration { return p.core.now }

func (p *process) Hold() {
	if p.epoch != nil {
		p.epoch.delivery.held = true
	}
}

func (p *process) Release() {
	if p.epoch != nil {
		p.epoch.delivery.held = false
	}
}

func (p *process) Stop(err error) {
	if p.epoch != nil {
		p.core.programEnds(err)
	}
}

func (p *process) Log() *zerolog.Logger { return &p.core.log }

func (p *process) Rand() *rand.Rand { return p.core.Rand }
