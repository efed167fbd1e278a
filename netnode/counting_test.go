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

	"chandy/program"
	"chandy/snapshot"
)

// counting is a program whose messages are numbered on each channel: whatever is
// lost, doubled, reordered or altered shows at once, and the state is what was sent
// and received by its own count. It sends as fast as the outboxes let it.
type counting struct {
	*tally
	process  program.Process
	random   *rand.Rand
	quota    uint64 // messages on each channel
	fillMax  int    // bytes
	sent     map[snapshot.ProcessID]uint64
	received map[snapshot.ProcessID]uint64
}

// tally is what the counting processes of a cluster have in common.
type tally struct {
	t      *testing.T
	end    context.CancelCauseFunc // what waits for more does so no longer
	total  atomic.Uint64           // messages received
	next   atomic.Uint64           // the first goal
	halted atomic.Bool             // nobody sends any more
	mu     sync.Mutex
	goals  []goal
}

type goal struct {
	total   uint64
	reached chan struct{}
}

// burst is how many messages one tick sends on each channel.
const burst = 16

// newTally also gives a context that ends when a process finds an error.
func newTally(ctx context.Context, t *testing.T) (context.Context, *tally) {
	ctx, end := context.WithCancelCause(ctx)
	t.Cleanup(func() { end(nil) })
	all := &tally{t: t, end: end}
	all.next.Store(1<<64 - 1)
	return ctx, all
}

// program is one process of the cluster.
func (all *tally) program(quota uint64, fillMax int) *counting {
	return &counting{
		tally: all, quota: quota, fillMax: fillMax,
		sent: map[snapshot.ProcessID]uint64{}, received: map[snapshot.ProcessID]uint64{},
	}
}

// at is closed when so many messages have been received.
func (all *tally) at(total uint64) <-chan struct{} {
	all.mu.Lock()
	defer all.mu.Unlock()
	g := goal{total, make(chan struct{})}
	all.goals = append(all.goals, g)
	all.reach()
	return g.reached
}

// reach tells of the goals that are reached. It needs the lock.
func (all *tally) reach() {
	next := uint64(1<<64 - 1)
	for _, g := range all.goals {
		next = min(next, g.total)
	}
	all.next.Store(next) // before the total is read: whoever is later sees it
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
				c.t.Errorf("%s: %v", c.process.ID(), err)
			}
		}
		more = more || c.sent[to] < c.quota
	}
	if more {
		c.process.After(0, c.tick)
	}
}

// fill is the size of a message: small mostly.
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

func (c *counting) Restore(_ []byte, done func(error)) { done(nil) }

// numbered is a message: its number, its sender, a zero byte and a filler that
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
		return fmt.Errorf("instead of message %d of %s came %.40q", number, from, payload)
	case binary.BigEndian.Uint64(payload) != number:
		return fmt.Errorf("instead of message %d came message %d", number, binary.BigEndian.Uint64(payload))
	case !bytes.Equal(payload[head:], filler(number, len(payload)-head)):
		return fmt.Errorf("message %d is not what was sent", number)
	}
	return nil
}

// countedSnapshot is a snapshot of counting processes.
type countedSnapshot struct {
	Status    string `json:"status"`
	Processes map[snapshot.ProcessID]struct {
		State counts `json:"state"`
	} `json:"processes"`
	Channels []struct {
		From     snapshot.ProcessID `json:"from"`
		To       snapshot.ProcessID `json:"to"`
		Sent     *uint64            `json:"sent"`
		Received *uint64            `json:"received"`
		Messages []struct {
			Seq     uint64 `json:"seq"`
			Payload []byte `json:"payload_base64"`
		} `json:"messages"`
	} `json:"channels"`
	Missing []struct {
		Process string `json:"process"`
		Channel string `json:"channel"`
		Reason  string `json:"reason"`
		Detail  string `json:"detail"`
	} `json:"missing"`
}

// checkCounted compares a snapshot with what the programs counted themselves, and
// its messages with what they sent. Every process must have been started once only.
func checkCounted(text []byte) (*countedSnapshot, error) {
	s := &countedSnapshot{}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, err
	}
	for _, c := range s.Channels {
		if c.Sent != nil && *c.Sent != s.Processes[c.From].State.Sent[c.To] {
			return s, fmt.Errorf("%s->%s: sent %d, but the state of %s says %d", c.From, c.To, *c.Sent, c.From, s.Processes[c.From].State.Sent[c.To])
		}
		if c.Received != nil && *c.Received != s.Processes[c.To].State.Received[c.From] {
			return s, fmt.Errorf("%s->%s: received %d, but the state of %s says %d", c.From, c.To, *c.Received, c.To, s.Processes[c.To].State.Received[c.From])
		}
		if c.Messages == nil {
			if s.Status == "complete" {
				return s, fmt.Errorf("%s->%s: complete without messages", c.From, c.To)
			}
			continue
		}
		if uint64(len(c.Messages)) != *c.Sent-*c.Received {
			return s, fmt.Errorf("%s->%s: %d messages of %d to %d", c.From, c.To, len(c.Messages), *c.Received+1, *c.Sent)
		}
		for i, m := range c.Messages {
			number := *c.Received + 1 + uint64(i)
			if m.Seq != number {
				return s, fmt.Errorf("%s->%s: message %d stands for %d", c.From, c.To, m.Seq, number)
			}
			if err := checkNumbered(m.Payload, c.From, number); err != nil {
				return s, fmt.Errorf("%s->%s: %w", c.From, c.To, err)
			}
		}
	}
	return s, nil
}

// start starts a counting process at every node of a cluster.
func (all *tally) start(c *cluster, quota uint64, fillMax int) []*counting {
	var programs []*counting
	for _, id := range c.config.IDs() {
		p := all.program(quota, fillMax)
		programs = append(programs, p)
		c.host(id, p)
	}
	return programs
}
