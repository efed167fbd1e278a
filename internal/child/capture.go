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

// capture is the capture of a state that is in progress. Nothing is written to the
// child from its beginning on but the request; what arrives stays in the inbox.
//
//  1. What was handed over before is written to the last byte: it was received.
//  2. The child settles: it answers what it was asked, and goes to sleep. A program
//     with a thread for each line could answer the request before an earlier line
//     has had its effect.
//  3. The request is written. What is printed before the reply was sent before the
//     cut, what is printed after it after the cut.
//
// Each of the three has its limit.
type capture struct {
	done    func(program.State)
	stage   stage
	idle    bool // the child sleeps
	about   *snapshot.About
	id      string // of the request
	printed uint64 // lines since the request
	timer   *time.Timer
	cancel  context.CancelFunc // of the watcher
}

type stage int

const (
	writing  stage = iota // for the child to be ready, and for its pipe
	settling              // for its replies and its sleep
	replying              // for the state
)

// Capture asks the child for its state, if the settings say how.
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

// limit calls f if the capture is still in progress, and in the same stage.
func (x *Program) limit(c *capture, d time.Duration, f func()) *time.Timer {
	stage := c.stage
	return x.after(d, func() {
		if x.capture == c && c.stage == stage {
			f()
		}
	})
}

// enter begins the next stage.
func (x *Program) enter(s stage, limit time.Duration, late func()) {
	c := x.capture
	c.timer.Stop()
	c.stage = s
	c.timer = x.limit(c, limit, late)
}

// advance goes on with the capture, if there is one that can. It is called when
// anything has changed for which one waits.
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

// watch tells the loop whether the child sleeps.
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

// reached is what the child has reached in settling.
func (x *Program) reached() string {
	switch acknowledged := x.requests.acknowledged(); {
	case acknowledged && x.capture.idle:
		return "acknowledged+idle"
	case acknowledged:
		return "acknowledged"
	case x.capture.idle:
		x.requests.mute = false // what comes from here on counts
		return "idle"
	}
	return "none"
}

// askState writes the request.
func (x *Program) askState(settled string) {
	c := x.capture
	c.cancel()
	c.about = &snapshot.About{Settled: settled, Unanswered: x.requests.unanswered()}
	x.enter(replying, x.settings.StateTimeout, x.stuck)
	c.printed = 0
	c.id = x.ask(x.settings.request(), func(reply maelstrom.Line) { x.captured(x.state(reply)) })
}

// state is what a reply gives.
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

// stateErrorMax is how much of a reply a state error quotes, in bytes.
const stateErrorMax = 512

// stuck ends a capture in which nothing goes on.
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

// captured ends the capture: the cut is here.
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

// stop frees what a capture holds.
func (c *capture) stop() {
	c.timer.Stop()
	c.cancel()
}
