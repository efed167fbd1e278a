package child

import (
	"context"
	"fmt"
	"slices"
	"time"

	"chandy/internal/maelstrom"
	"chandy/internal/printable"
	"chandy/program"
	"chandy/snapshot"
)

// capture is a capture of the child's state in progress. The package documentation says
// why it has three stages.
type capture struct {
	done      func(program.State)
	stage     stage
	timer     *time.Timer        // time limit of the stage; nil until the child is ready
	limit     *time.Timer        // time limit of the capture; may be nil
	stopWatch context.CancelFunc // stops watching whether the child is idle; may be nil
	idle      bool               // the child is idle, as WatchIdle defines it
	request   string             // msg_id of the request for the state, in stage replying
	settledAt time.Duration      // snapshot.Never unless stage settling ended because the child had settled
	about     *snapshot.About    // nil before stage replying
}

type stage int

const (
	writing  stage = iota // waits until the child is ready and its input is in the pipe
	settling              // waits until the child has answered its awaited requests and is idle
	replying              // waits for the reply with the state
)

// CaptureWithin is Capture. If the child has not returned its state within the limit, it
// reports a state error that says what the child has not done.
func (x *Program) CaptureWithin(left func() time.Duration, done func(program.State)) {
	x.Capture(done)
	if c := x.capture; c != nil {
		x.limit(c, 0, left)
	}
}

// limit ends a capture when no time is left for it. It has had some time already.
func (x *Program) limit(c *capture, had time.Duration, left func() time.Duration) {
	more := left()
	c.limit = x.after(more, func() {
		switch {
		case x.capture != c:
		case left() > 0: // another snapshot has joined
			x.limit(c, had+more, left)
		default:
			x.late(had + more)
		}
	})
}

// late ends a capture whose limit has passed.
func (x *Program) late(limit time.Duration) {
	c, why := x.capture, "the snapshot left no time to ask for the state"
	switch {
	case !x.ready:
		why = x.Preparing()
	case c.stage == writing:
		why = fmt.Sprintf("the child does not read its input: %d bytes wait after %v (the time of the snapshot)", x.child.Pending(), limit)
	case c.stage == settling:
		x.requests.giveUp() // settle_timeout may exceed the time of every snapshot
	case c.stage == replying:
		delete(x.asked, c.request)
		why = x.unanswered(limit, "the time of the snapshot")
	}
	x.captured(program.State{Error: why})
}

// unanswered is the state error of a child that does not answer within a limit.
func (x *Program) unanswered(limit time.Duration, name string) string {
	why := fmt.Sprintf("no reply within %v (%s)", limit, name)
	silence := x.silence()
	if silence == "" && x.requests.unanswered() > 0 { // perhaps one of them holds the lock
		silence = "its handler may wait for a lock, or for another process, and until it replies nothing else reaches it"
	}
	if silence != "" {
		why += ": " + silence
	}
	return why
}

// Capture lets the child settle and asks it for its state. With state = "none" it reports a
// state error instead.
func (x *Program) Capture(done func(program.State)) {
	x.capture = &capture{done: done, settledAt: snapshot.Never}
	x.returnBatches() // the child must be able to print its reply
	if x.ready {      // before that, init_timeout is the limit, and then run starts this timer
		x.enter(writing, x.settings.StateTimeout, x.notRead)
	}
	x.advance()
}

// enter begins a stage of the capture. If the stage is not over after limit, enter calls
// late.
func (x *Program) enter(s stage, limit time.Duration, late func()) {
	c := x.capture
	c.stop()
	c.stage = s
	c.timer = x.after(limit, func() {
		if x.capture == c && c.stage == s {
			late()
		}
	})
}

// stop stops the timer and the watcher of the present stage.
func (c *capture) stop() {
	if c.timer != nil {
		c.timer.Stop()
	}
	if c.stopWatch != nil {
		c.stopWatch()
	}
}

// advance ends the present stage of the capture, if any, when its condition holds. It must
// be called after every change that a stage may wait for.
func (x *Program) advance() {
	c := x.capture
	if c == nil || x.over {
		return
	}
	if c.stage == writing && x.stalled() && x.settings.State != stateNone {
		x.captured(program.State{Error: x.Preparing()})
		return
	}
	if c.stage == writing && !x.waits && (x.ready || x.settings.State == stateNone) {
		x.settle()
	}
	if c.stage == settling && x.requests.awaited == 0 && (c.idle || !canIdle) {
		c.settledAt = x.process.Now()
		x.askState()
	}
}

// notAsked is the state of a child that is not asked for one.
var notAsked = program.State{Error: `the program is not asked for its state (state = "none")`}

// settle ends stage writing. It begins settling, or asks for the state at once. A child that
// is not asked settles too: question.Stalled needs to know that it is idle.
func (x *Program) settle() {
	switch {
	case !x.ready: // the child is not asked
		x.captured(notAsked)
	case x.settings.Settle == settleNone:
		x.askState()
	default:
		x.enter(settling, x.settings.SettleTimeout, x.notSettled)
		x.watch()
	}
}

// notSettled ends stage settling: the child has not settled in time.
func (x *Program) notSettled() {
	x.requests.giveUp()
	x.askState()
}

// watch keeps the capture's field idle up to date until the stage ends.
func (x *Program) watch() {
	c, child := x.capture, x.child
	ctx, cancel := context.WithCancel(context.Background())
	c.stopWatch = cancel
	x.watching.Go(func() {
		pids := child.WatchIdle(ctx, func(idle bool) {
			x.process.Do(func() {
				if x.capture == c && c.stage == settling {
					c.idle = idle
					x.advance()
				}
			})
		})
		open := sockets(pids)
		x.process.Do(func() { x.sawSockets(open) })
	})
}

// sawSockets logs a warning once if the child has a socket of TCP or UDP. The argument
// contains the inodes of all its sockets.
func (x *Program) sawSockets(inodes []string) {
	if x.warned || x.over || slices.Equal(inodes, x.sockets) {
		return
	}
	x.sockets = inodes
	if n := internet(x.child.PID(), inodes); n > 0 {
		x.warned = true
		x.log.Warn().Int("sockets", n).Msg("the child has connections of its own: what it sends there is not in the cut, so a program that its processes use them for does not fit. " +
			"Messages fit that go through stdin and stdout: see \"Sockets\" in docs/snapshotable.md")
	}
}

// settled returns how far the child has settled, as snapshot.About.Settled names it.
func (x *Program) settled() string {
	acknowledged, idle := x.requests.acknowledged(), x.capture.idle
	switch {
	case x.settings.Settle == settleNone:
		return "none"
	case acknowledged && idle:
		return "acknowledged+idle"
	case acknowledged:
		return "acknowledged"
	case idle:
		return "idle"
	}
	return "none"
}

// askState writes the request for the state, unless the child is not asked for one.
func (x *Program) askState() {
	c := x.capture
	c.about = &snapshot.About{
		Settled: x.settled(), Unanswered: x.requests.unanswered(), SettledAt: c.settledAt, AskedAt: snapshot.Never,
	}
	if c.idle { // all threads slept, so lines that expect no reply count as handled
		x.requests.unconfirmed, x.requests.oneWay = false, nil
	}
	if x.settings.State == stateNone {
		x.captured(notAsked)
		return
	}
	c.about.AskedAt = x.process.Now()
	x.enter(replying, x.settings.StateTimeout, x.noReply)
	c.request = x.ask(x.settings.request(), func(reply maelstrom.Line) { x.captured(x.state(reply)) })
}

// countPrinted counts a line that the child has printed since the request for its state,
// unless the line is the reply to it.
func (c *capture) countPrinted(l maelstrom.Line) {
	if c.stage == replying && (l.Dest != own || string(l.InReplyTo) != c.request) {
		c.about.Printed++
	}
}

// stateErrorMax is the most bytes of a reply that a state error quotes.
const stateErrorMax = 512

// state returns the state that a reply contains.
func (x *Program) state(reply maelstrom.Line) program.State {
	if reply.Type == "error" {
		return program.State{Error: "the child refuses: " + printable.Start(reply.Body, stateErrorMax)}
	}
	if x.settings.State != stateSnapshot {
		return program.State{Bytes: slices.Clone(reply.Body)}
	}
	state := reply.Member("state")
	if state == nil {
		return program.State{Error: `the child's reply has no "state": ` + printable.Start(reply.Body, stateErrorMax)}
	}
	return program.State{Bytes: slices.Clone(state), Idle: x.idleIn(reply.Member("idle"))}
}

// notRead ends a capture in stage writing: the child does not read its input.
func (x *Program) notRead() {
	x.captured(program.State{Error: fmt.Sprintf("the child does not read its input: %d bytes wait after %v (state_timeout)", x.child.Pending(), x.settings.StateTimeout)})
}

// noReply ends a capture in stage replying. If the reply still comes, it is dropped.
func (x *Program) noReply() {
	delete(x.asked, x.capture.request)
	x.captured(program.State{Error: x.unanswered(x.settings.StateTimeout, "state_timeout")})
}

// captured ends the capture. This is the cut: afterwards the child may receive lines
// again. Error replies to the child waited during the capture (see refuse). They are
// written after the state has been handed over.
func (x *Program) captured(state program.State) {
	c := x.capture
	c.stop()
	if c.limit != nil {
		c.limit.Stop()
	}
	x.capture = nil
	state.About = c.about
	if x.ready { // before that, requests may wait that the child has not been given
		x.requests.openRequests(&state, x.process.Now())
	}
	c.done(state)
	refusals := x.refusals
	x.refusals, x.refusalLen = nil, 0
	for _, line := range refusals {
		x.write(line)
	}
}
