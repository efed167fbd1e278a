package child

import (
	"context"
	"fmt"
	"slices"
	"time"

	"chandy/internal/maelstrom"
	"chandy/program"
	"chandy/snapshot"
)

// capture is a capture in progress. A child keeps its state to itself, so the node asks
// for it with a request. The cut lies at the reply: lines printed before the reply were
// sent before the cut, and later lines after it. While the capture runs, messages stay
// in the inbox, and the request is the only line written to the child.
//
// A capture has three stages, each with a time limit:
//
//  1. Writing. Messages handed over earlier count as received. Therefore their last
//     byte must be written before the request.
//  2. Settling. A program with a thread for each line could answer the request before
//     an earlier line has had its effect. Therefore the node first waits until the child
//     has answered its requests and sleeps.
//  3. Replying. The node writes the request and waits for the reply.
type capture struct {
	done    func(program.State)
	stage   stage
	idle    bool // the child sleeps
	about   *snapshot.About
	id      string // msg_id of the request
	printed uint64 // lines printed since the request, without the reply
	timer   *time.Timer
	cancel  context.CancelFunc // stops the watcher
}

type stage int

const (
	writing  stage = iota // waits until the child is ready and its input is in the pipe
	settling              // waits until the child has answered and sleeps
	replying              // waits for the state
)

// Capture asks the child for its state. With state = "none" it reports a state error.
func (x *Program) Capture(done func(program.State)) {
	c := &capture{done: done, cancel: func() {}}
	x.capture = c
	x.grant()
	c.timer = x.limit(c, x.settings.StateTimeout, x.stuck)
	if !x.ready { // init has a limit of its own
		c.timer.Stop()
	}
	x.advance()
}

// limit calls f after d, unless the capture has ended or entered another stage by then.
func (x *Program) limit(c *capture, d time.Duration, f func()) *time.Timer {
	stage := c.stage
	return x.after(d, func() {
		if x.capture == c && c.stage == stage {
			f()
		}
	})
}

// enter begins a stage. It calls late when the limit is reached within that stage.
func (x *Program) enter(s stage, limit time.Duration, late func()) {
	c := x.capture
	c.timer.Stop()
	c.stage = s
	c.timer = x.limit(c, limit, late)
}

// advance moves the capture, if any, to its next stage when that is possible. The caller
// must call it after every change that a capture may wait for.
func (x *Program) advance() {
	c := x.capture
	if c == nil || x.over {
		return
	}
	if c.stage == writing {
		switch none := x.settings.State == stateNone; {
		case x.waits || !x.ready && !none:
			return
		case none:
			x.captured(program.State{Error: `the program is not asked for its state (state = "none")`})
			return
		case x.settings.Settle == "none":
			x.askState("none")
			return
		}
		x.enter(settling, x.settings.SettleTimeout, func() { x.askState(x.reached()) })
		x.watch(c)
	}
	if c.stage == settling && x.requests.unanswered() == 0 && (c.idle || !canIdle) {
		x.askState(x.reached())
	}
}

// watch keeps c.idle up to date, on the loop, until the capture cancels it.
func (x *Program) watch(c *capture) {
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	watched := x.child
	x.watching.Go(func() {
		watched.WatchIdle(ctx, func(idle bool) {
			x.process.Do(func() {
				c.idle = idle
				if x.capture == c {
					x.advance()
				}
			})
		})
	})
}

// reached returns how far the child has settled, as snapshot.About.Settled names it.
func (x *Program) reached() string {
	switch acknowledged := x.requests.acknowledged(); {
	case acknowledged && x.capture.idle:
		return "acknowledged+idle"
	case acknowledged:
		return "acknowledged"
	case x.capture.idle:
		x.requests.mute = false // an idle child is done with all earlier lines
		return "idle"
	}
	return "none"
}

// askState writes the request for the state and begins the stage replying.
func (x *Program) askState(settled string) {
	c := x.capture
	c.cancel()
	c.about = &snapshot.About{Settled: settled, Unanswered: x.requests.unanswered()}
	x.enter(replying, x.settings.StateTimeout, x.stuck)
	c.printed = 0
	c.id = x.ask(x.settings.request(), func(reply maelstrom.Line) { x.captured(x.state(reply)) })
}

// state returns the state that a reply contains.
func (x *Program) state(reply maelstrom.Line) program.State {
	about := x.capture.about
	if reply.Type == "error" {
		return program.State{Error: "the child refuses: " + maelstrom.Printable(reply.Body, stateErrorMax), About: about}
	}
	if x.settings.State != stateSnapshot {
		return program.State{Bytes: slices.Clone(reply.Body), About: about}
	}
	state := reply.Member("state")
	if state == nil {
		return program.State{Error: `the child's reply has no "state": ` + maelstrom.Printable(reply.Body, stateErrorMax), About: about}
	}
	return program.State{Bytes: slices.Clone(state), About: about}
}

// stateErrorMax is how many bytes of a reply a state error quotes, at most.
const stateErrorMax = 512

// stuck ends a capture whose child does not read or does not reply in time.
func (x *Program) stuck() {
	c := x.capture
	why := fmt.Sprintf("no reply within %v (state_timeout)", x.settings.StateTimeout)
	switch {
	case c.stage == replying:
		delete(x.asked, c.id) // a late reply is dropped
	default:
		why = fmt.Sprintf("the child does not read: %d bytes wait", x.child.Pending())
	}
	x.captured(program.State{Error: why, About: c.about})
}

// captured ends the capture: this is the cut. Refusals that waited for it are written
// now, after the state has been handed over.
func (x *Program) captured(state program.State) {
	c := x.capture
	c.stop()
	if state.About != nil {
		state.About.Printed = c.printed
	}
	x.capture = nil
	c.done(state)
	refusals := x.errors
	x.errors, x.errorLen = nil, 0
	for _, line := range refusals {
		x.write(line)
	}
}

// stop stops the timer and the watcher.
func (c *capture) stop() {
	c.timer.Stop()
	c.cancel()
}
