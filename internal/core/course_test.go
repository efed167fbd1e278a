package core

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"chandy/internal/config"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// input is what is left of the bytes that decide a course. At the end it has zeros.
type input struct{ rest []byte }

func (in *input) byte() byte {
	if len(in.rest) == 0 {
		return 0
	}
	b := in.rest[0]
	in.rest = in.rest[1:]
	return b
}

// pick returns a number below n.
func (in *input) pick(n int) int { return int(in.byte()) % n }

// bytes returns some of the next bytes.
func (in *input) bytes() []byte {
	n := min(int(in.byte()), len(in.rest))
	b := in.rest[:n:n]
	in.rest = in.rest[n:]
	return slices.Clone(b)
}

// near returns a number that is right in half of the cases.
func (in *input) near(right uint64) uint64 {
	switch b := in.byte(); b {
	default:
		if b%2 == 0 {
			return right
		}
		return uint64(b)
	case 1:
		return right + 1
	case 3:
		return right - 1
	case 5:
		return 0
	case 7:
		return math.MaxUint64
	case 9:
		return right + 1<<20
	}
}

// or returns right, or in some cases one of the others.
func or[S ~string](in *input, right S, others ...string) S {
	i := in.pick(16)
	if i >= len(others) {
		return right
	}
	return S(others[i])
}

// odd are names that need care.
var odd = []string{"", "p1", "p2", "p3", "p4", strings.Repeat("x", wire.NameMax), "\x1b\n\u202e"}

// size returns a length in bytes, mostly a small one.
func (in *input) size() int {
	switch b := in.byte(); {
	case b < 200:
		return int(b)
	case b < 250:
		return int(b-200) << 10
	default:
		return int(b-249) << 15
	}
}

// hostileClusters are the clusters of which courses are run. p1 has a channel to itself.
var hostileClusters = func() (all []*config.Cluster) {
	for _, markers := range []string{"ahead", "in-order"} {
		for _, delay := range []time.Duration{0, 5 * time.Millisecond} {
			d := config.Definition{
				Name:     "t",
				Network:  config.Network{Delay: delay, OutboxHigh: 64 << 10, OutboxLimit: 128 << 10, OutboxTotal: 256 << 10, Window: 64 << 10},
				Snapshot: config.Snapshot{Markers: markers, Limit: 4},
				Limits:   config.Limits{Memory: 1 << 20},
			}
			for i := range 3 {
				d.Processes = append(d.Processes, config.ProcessDefinition{
					ID: snapshot.ProcessID(fmt.Sprint("p", i+1)), Address: fmt.Sprint("127.0.0.1:", i+1), Channels: []snapshot.ProcessID{"p1", "p2", "p3"},
				})
			}
			cluster, err := config.Build(d)
			if err != nil {
				panic(err)
			}
			all = append(all, cluster)
		}
	}
	return all
}()

// moves are what can happen next in a course.
var moves = []func(*hostile){
	(*hostile).connect,
	(*hostile).connect,
	func(h *hostile) { h.answerDial(nil) },
	func(h *hostile) { h.answerDial(nil) },
	func(h *hostile) { h.answerDial(errors.New("refused")) },
	(*hostile).talk,
	(*hostile).talk,
	(*hostile).talk,
	(*hostile).talk,
	(*hostile).talk,
	(*hostile).talk,
	(*hostile).wait,
	(*hostile).wait,
	(*hostile).act,
	(*hostile).act,
	(*hostile).breakOff,
	(*hostile).doWork,
	(*hostile).rare,
	(*hostile).bringUp,
	(*hostile).initiate,
	(*hostile).flood,
	(*hostile).flood,
}

// stepsMax is about the largest number of steps in a course.
const stepsMax = 1000

// run runs the whole course. Several moves can happen in one step.
func (h *hostile) run() {
	h.program = &moody{}
	b := h.input.byte()
	if b < 240 { // otherwise the first moves come before the first epoch
		h.begin()
	}
	if b&1 != 0 {
		h.bringUp()
	}
	if b&2 != 0 {
		h.initiate()
	}
	for len(h.input.rest) > 0 && h.steps < stepsMax && !h.exited && !h.t.Failed() {
		b := h.input.byte()
		moves[int(b)%len(moves)](h)
		if b < 200 {
			h.step(time.Microsecond)
		}
	}
	h.step(time.Microsecond)
	if h.epoch == nil {
		h.begin()
		h.step(0)
	}
	if !h.exited && !h.t.Failed() {
		h.settle()
	}
}

func (h *hostile) begin() {
	number := uint64(1)
	if h.epoch != nil {
		number = h.epoch.number + 1
	}
	h.program = &moody{}
	h.event(Begin{Epoch: number, Program: h.program})
}

// wait lets time pass.
func (h *hostile) wait() {
	waits := []time.Duration{
		time.Millisecond, pieceDelay, ackDelay, keepAliveEvery, takeoverWait, pingAfter, DeadAfter, HelloTimeout,
		duplicateWait, 10 * time.Second, idleMax, clientIdle, clientWait,
	}
	h.step(waits[h.input.pick(len(waits))])
}

// act lets the program do something.
func (h *hostile) act() {
	p := h.program
	if p.process == nil {
		return
	}
	switch h.input.pick(9) {
	case 0, 1:
		to, payload := or[snapshot.ProcessID](&h.input, "p2", "p1", "p3", "p3", "c1", "p9"), make([]byte, h.input.size())
		h.event(Called{func() { p.process.Send(to, payload) }})
	case 2:
		h.event(Called{p.process.Hold})
	case 3:
		h.event(Called{p.process.Release})
	case 4:
		p.silent = !p.silent
	case 5:
		h.event(Called{p.answer})
	case 6:
		p.process.After(time.Duration(h.input.byte())*time.Millisecond, func() { p.process.Send("p3", []byte("timer")) })
	case 7:
		state := make([]byte, h.input.size())
		encode := func(w io.Writer) error {
			_, err := w.Write(state)
			return err
		}
		p.state = []program.State{{Bytes: state}, {Error: string(state)}, {Bytes: []byte("{}")}, {Encode: encode}}[h.input.pick(4)]
	case 8:
		h.event(Called{func() {
			for _, id := range p.clients {
				p.process.Send(id, []byte("{}"))
			}
			p.clients = nil
		}})
	}
}

// breakOff ends a connection from the other side.
func (h *hostile) breakOff() {
	if id, ok := h.pickConn(h.open); ok {
		h.lose(id, []error{nil, errors.New("reset")}[h.input.pick(2)])
	}
}

// rare are moves that end much.
func (h *hostile) rare() {
	switch b := h.input.byte(); {
	case b < 8:
		h.event(Stopping{})
	case b < 64:
		h.begin()
	}
}

// pickConn returns one of some connections, or false if there is none.
func (h *hostile) pickConn(of map[ConnID]bool) (ConnID, bool) {
	ids := slices.Sorted(maps.Keys(of))
	i := h.input.byte()
	if len(ids) == 0 {
		return 0, false
	}
	return ids[int(i)%len(ids)], true
}
