package bundled

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/clustertest"
	"chandy/internal/config"
	"chandy/program"
	"chandy/snapshot"
)

// fake is the process of a program under test. Its time passes only in runTo, and all messages
// stay in outboxes.
type fake struct {
	id       snapshot.ProcessID
	channels []snapshot.ProcessID
	now      time.Duration
	timers   []fakeTimer // in the order of their times
	random   *rand.Rand
	sent     map[snapshot.ProcessID][][]byte // messages, and replies to clients
	broken   bool                            // Send fails
	limit    int                             // bytes of a message; zero means no limit
	log      bytes.Buffer
	logger   zerolog.Logger // writes to log
}

type fakeTimer struct {
	at time.Duration
	f  func()
}

var _ program.Process = (*fake)(nil)

func newFake(id snapshot.ProcessID, seed uint64, channels ...snapshot.ProcessID) *fake {
	p := &fake{id: id, channels: channels, random: rand.New(rand.NewPCG(seed, 1)), sent: map[snapshot.ProcessID][][]byte{}}
	p.logger = zerolog.New(&p.log)
	return p
}

func (p *fake) ID() snapshot.ProcessID         { return p.id }
func (p *fake) Channels() []snapshot.ProcessID { return slices.Clone(p.channels) }
func (p *fake) Do(f func())                    { f() }
func (p *fake) Now() time.Duration             { return p.now }
func (p *fake) Hold()                          {}
func (p *fake) Release()                       {}
func (p *fake) Stop(error)                     {}
func (p *fake) Log() *zerolog.Logger           { return &p.logger }
func (p *fake) Rand() *rand.Rand               { return p.random }

func (p *fake) Send(to snapshot.ProcessID, payload []byte) error {
	if p.broken {
		return errors.New("broken")
	}
	if p.limit > 0 && len(payload) > p.limit {
		return fmt.Errorf("message to %s: %d bytes, more than %d", to, len(payload), p.limit)
	}
	if !slices.Contains(p.channels, to) && !to.IsClient() {
		return fmt.Errorf("message to %s: no such process", to)
	}
	p.sent[to] = append(p.sent[to], bytes.Clone(payload))
	return nil
}

func (p *fake) After(d time.Duration, f func()) {
	at := p.now + d
	i, _ := slices.BinarySearchFunc(p.timers, at+1, func(t fakeTimer, at time.Duration) int { return int(t.at - at) })
	p.timers = slices.Insert(p.timers, i, fakeTimer{at, f})
}

// runTo advances the time to end, and fires the timers on the way. If late is non-nil, it
// returns by how much a timer is late.
func (p *fake) runTo(end time.Duration, late func() time.Duration) {
	for len(p.timers) > 0 && p.timers[0].at <= end {
		t := p.timers[0]
		p.timers = p.timers[1:]
		p.now = max(p.now, t.at)
		if late != nil {
			p.now += late()
		}
		t.f()
	}
	p.now = max(p.now, end)
}

// take empties the outbox to one receiver.
func (p *fake) take(to snapshot.ProcessID) []string {
	var all []string
	for _, payload := range p.sent[to] {
		all = append(all, string(payload))
	}
	delete(p.sent, to)
	return all
}

// request makes a request and returns the only reply.
func request(t *testing.T, hosted program.Program, p *fake, text string) string {
	t.Helper()
	const client = "c1"
	hosted.Receive(client, []byte(text))
	replies := p.take(client)
	if len(replies) != 1 {
		t.Fatalf("request %s: got replies %q, want one", text, replies)
	}
	return replies[0]
}

// settings reads the keys of a [program] as a cluster file has them.
func settings(t *testing.T, keys string) config.Program {
	t.Helper()
	c, err := config.Parse("test.toml", []byte(clustertest.File("[program]\n"+keys, "p1")))
	if err != nil {
		t.Fatal(err)
	}
	return c.Processes[0].Program
}

// newProgram makes the program with these keys of a [program], in a cluster of some processes.
func newProgram(t *testing.T, keys string, ids ...snapshot.ProcessID) program.Program {
	t.Helper()
	made, err := bundled(settings(t, keys), ids)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// capture returns the state that a program captures. The program must answer at once.
func capture(t *testing.T, hosted program.Program) string {
	t.Helper()
	var states []program.State
	hosted.Capture(func(s program.State) { states = append(states, s.Resolve()) })
	if len(states) != 1 || states[0].Error != "" {
		t.Fatalf("capture: got %v, want one state", states)
	}
	return string(states[0].Bytes)
}

// restore calls Restore and returns the error that the program passes to done.
func restore(p program.Program, state []byte) (err error) {
	p.Restore(state, func(e error) { err = e })
	return err
}
