package netnode_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"chandy/internal/clustertest"
	"chandy/program"
	"chandy/snapshot"
)

// counting is a program whose messages are numbered on each channel, so that a lost,
// doubled, reordered or altered message shows at once. Its state is how many messages it
// sent and received by its own count. It sends as fast as the outboxes let it.
type counting struct {
	clustertest.Idle
	*tally
	process  program.Process
	random   *rand.Rand
	quota    uint64 // messages on each channel
	fillMax  int    // bytes
	sent     map[snapshot.ProcessID]uint64
	received map[snapshot.ProcessID]uint64
}

// tally is shared by the counting processes of a cluster.
type tally struct {
	t      *testing.T
	c      *clustertest.Cluster
	end    context.CancelCauseFunc // ends c.Ctx
	total  atomic.Uint64           // messages received
	next   atomic.Uint64           // the lowest goal
	halted atomic.Bool             // set when no process sends any more
	mu     sync.Mutex
	goals  []goal
}

type goal struct {
	total   uint64
	reached chan struct{}
}

// burst is how many messages one tick sends on each channel.
const burst = 16

// newTally makes c.Ctx end when a process finds an error.
func newTally(t *testing.T, c *clustertest.Cluster) *tally {
	all := &tally{t: t, c: c}
	c.Ctx, all.end = context.WithCancelCause(c.Ctx)
	t.Cleanup(func() { all.end(nil) })
	all.next.Store(1<<64 - 1)
	return all
}

// program returns the program of one process.
func (all *tally) program(quota uint64, fillMax int) *counting {
	return &counting{
		tally: all, quota: quota, fillMax: fillMax,
		sent: map[snapshot.ProcessID]uint64{}, received: map[snapshot.ProcessID]uint64{},
	}
}

// at returns a Go channel that is closed when that many messages have been received.
func (all *tally) at(total uint64) <-chan struct{} {
	all.mu.Lock()
	defer all.mu.Unlock()
	g := goal{total, make(chan struct{})}
	all.goals = append(all.goals, g)
	all.reach()
	return g.reached
}

// reach closes the Go channels of the goals that are reached. The caller must hold mu.
func (all *tally) reach() {
	next := uint64(1<<64 - 1)
	for _, g := range all.goals {
		next = min(next, g.total)
	}
	all.next.Store(next) // before the total is read, so that a later Receive sees it
	total := all.total.Load()
	all.goals = slices.DeleteFunc(all.goals, func(g goal) bool {
		if g.total <= total {
			close(g.reached)
		}
		return g.total <= total
	})
}

func (c *counting) Start(p program.Process) {
	c.process = p
	c.random = rand.New(rand.NewPCG(p.Rand().Uint64(), 0))
	p.After(0, c.tick)
}

func (c *counting) tick() {
	if c.halted.Load() {
		return
	}
	more := false
	for _, to := range c.process.Channels() {
		for i := 0; i < burst && c.sent[to] < c.quota; i++ {
			c.sent[to]++
			if err := c.process.Send(to, numbered(c.process.ID(), c.sent[to], c.fill())); err != nil {
				c.t.Errorf("%s: send: got error %v, want none", c.process.ID(), err)
			}
		}
		more = more || c.sent[to] < c.quota
	}
	if more {
		c.process.After(0, c.tick)
	}
}

// fill returns the size of a message, which is mostly small.
func (c *counting) fill() int {
	if c.random.IntN(64) == 0 {
		return c.random.IntN(c.fillMax)
	}
	return c.random.IntN(min(c.fillMax, 100))
}

func (c *counting) Receive(from snapshot.ProcessID, payload []byte) {
	c.received[from]++
	if err := checkNumbered(payload, from, c.received[from]); err != nil {
		c.t.Errorf("%s: on the channel from %s: %v", c.process.ID(), from, err)
		c.end(err)
		c.process.Stop(err)
	}
	if c.total.Add(1) >= c.next.Load() {
		c.mu.Lock()
		c.reach()
		c.mu.Unlock()
	}
}

// counts is the state of a counting process.
type counts struct {
	Sent     map[snapshot.ProcessID]uint64 `json:"sent"`
	Received map[snapshot.ProcessID]uint64 `json:"received"`
}

func (c *counting) Capture(done func(program.State)) {
	state, err := json.Marshal(counts{c.sent, c.received})
	if err != nil {
		panic(err)
	}
	done(program.State{Bytes: state})
}

// numbered returns a message: its number, its sender, a zero byte and a filler that
// depends on the number.
func numbered(from snapshot.ProcessID, number uint64, fill int) []byte {
	b := binary.BigEndian.AppendUint64(nil, number)
	b = append(b, from...)
	b = append(b, 0)
	return append(b, filler(number, fill)...)
}

var pattern = func() []byte {
	p := make([]byte, 64<<10)
	for i := range p {
		p[i] = byte(i*i>>3 + i)
	}
	return p
}()

func filler(number uint64, n int) []byte {
	begin := int(number % 1021)
	return pattern[begin : begin+n]
}

func checkNumbered(payload []byte, from snapshot.ProcessID, number uint64) error {
	head := len(from) + 9
	switch {
	case len(payload) < head || string(payload[8:head]) != string(from)+"\x00":
		return fmt.Errorf("got %.40q, want message %d of %s", payload, number, from)
	case binary.BigEndian.Uint64(payload) != number:
		return fmt.Errorf("got message %d, want message %d", binary.BigEndian.Uint64(payload), number)
	case !bytes.Equal(payload[head:], filler(number, len(payload)-head)):
		return fmt.Errorf("message %d: got %.40q…, want what was sent", number, payload[head:])
	}
	return nil
}

// checkCounted compares a snapshot with the counts of the programs, and its messages with
// those that they sent. Every process must have been started once only. That the messages
// are those between the counts is checked for every snapshot, see clustertest.Read.
func checkCounted(s *clustertest.Snapshot) error {
	states := clustertest.States[counts](s)
	for _, c := range s.Channels {
		sent, received := states[c.Channel.From].Sent[c.Channel.To], states[c.Channel.To].Received[c.Channel.From]
		switch {
		case c.SentKnown && c.Sent != sent:
			return fmt.Errorf("%s: got sent %d, want %d as in the state", c.Channel, c.Sent, sent)
		case c.ReceivedKnown && c.Received != received:
			return fmt.Errorf("%s: got received %d, want %d as in the state", c.Channel, c.Received, received)
		}
		for _, b := range c.Messages {
			for seq, payload := range b.All() {
				if err := checkNumbered(payload, c.Channel.From, seq); err != nil {
					return fmt.Errorf("%s: %w", c.Channel, err)
				}
			}
		}
	}
	return nil
}

// start starts a counting process at every node.
func (all *tally) start(quota uint64, fillMax int) []*counting {
	var programs []*counting
	for _, id := range all.c.Config.IDs() {
		p := all.program(quota, fillMax)
		programs = append(programs, p)
		all.c.Host(id, p)
	}
	return programs
}
