package core

import (
	"fmt"
	"sync"
	"time"

	"chandy/program"
	"chandy/snapshot"
)

// obey carries out the recorder's effects, in order.
func (e *epoch) obey(effects []snapshot.Effect) {
	for _, effect := range effects {
		switch effect := effect.(type) {
		case snapshot.Capture:
			e.capture()
		case snapshot.SendMarker:
			out := e.out[effect.Out]
			e.core.log.Trace().Stringer("channel", out).Str("snapshot", string(effect.Marker.ID)).Uint64("sent", effect.Marker.Sent).Msg("marker sent")
			out.sender.Mark(effect.Marker)
			e.journalMarker(snapshot.EventMarkerSent, out.peer, effect.Marker)
			out.markDirty()
		case snapshot.Report:
			e.trace(effect)
			e.report(effect)
			if r, ok := effect.Piece.(snapshot.Recorded); ok && effect.Start.Hold {
				e.holdForStop(effect.Start, r.State)
			}
		}
	}
}

// markersMax is how many markers of a channel may wait for their acknowledgement. A marker
// is kept until then, so each snapshot adds one to the channel to an absent peer. They
// take about 2 MiB.
const markersMax = 16 << 10

// admitSnapshot returns why no new snapshot may start at this process, or nil. The node
// begins none when it is close to a limit that ends it, when half of its memory is in use,
// or when it keeps too many markers. The snapshots in progress may still add one marker
// each.
func (e *epoch) admitSnapshot() error {
	if e.delivery.overTotal {
		largest := e.largestOutbox()
		return fmt.Errorf("the outboxes hold %d KiB, close to their limit (outbox_total_high), most of it channel %s: is %s down or too slow?",
			e.outboxBytes>>10, largest, largest.peer.id)
	}
	if m := e.memory(); m.Used > m.Limit/2 {
		return fmt.Errorf("the node holds %d KiB, more than half of its memory (limits.memory)", m.Used>>10)
	}
	for _, out := range e.out {
		if n := out.sender.WaitingMarkers(); n >= markersMax {
			return fmt.Errorf("%d markers wait on channel %s, and no more are kept: is %s down?", n, out, out.peer.id)
		}
	}
	return nil
}

// capture asks the program for its state.
func (e *epoch) capture() {
	e.captureBegan = e.core.now
	called := false
	done := func(s program.State) {
		if called {
			panic("bug: the program called done twice")
		}
		called = true
		if s.Encode != nil {
			s = s.ResolveBy(sync.OnceValue(s.Resolve)) // several snapshots may share the recording
		}
		e.guard(func() {
			effects := e.recorder.StateRecorded(s)
			e.sharing = recordings(effects) > 1
			e.journalRecorded(effects)
			e.obey(effects)
		})()
	}
	if !e.started {
		done(e.heldState())
		return
	}
	if h := e.heldBy; h != nil && h.state != nil {
		done(*h.state)
		return
	}
	if timed, ok := e.program.(program.TimedCapturer); ok {
		timed.CaptureWithin(e.captureLeft, done) // the markers wait for the state, and so do other processes
		return
	}
	e.program.Capture(done)
}

// recordings returns how many recordings are among the recorder's effects.
func recordings(effects []snapshot.Effect) (n int) {
	for _, effect := range effects {
		if r, ok := effect.(snapshot.Report); ok {
			if _, recorded := r.Piece.(snapshot.Recorded); recorded {
				n++
			}
		}
	}
	return n
}

// captureLeft returns how much time the program has for its state.
func (e *epoch) captureLeft() time.Duration {
	at, waits := e.recorder.CaptureUntil(e.core.follow())
	if !waits {
		return 0
	}
	return max(0, at-e.core.now)
}

// startOf returns the Start of a snapshot of which a peer has sent a marker or a Join. The
// snapshot ends after timeoutMax at the latest, whatever the peer says.
func (e *epoch) startOf(id snapshot.ID, assembler snapshot.ProcessID, left time.Duration, wants snapshot.Wants) snapshot.Start {
	left = min(left, timeoutMax)
	return snapshot.Start{ID: id, Assembler: assembler, Deadline: e.core.now + left, Timeout: left, Wants: wants}
}

// begun must be called when a snapshot has begun that another process assembles.
func (e *epoch) begun() {
	e.watchDeadlines()
	e.announce()
}

// watchDeadlines ends the snapshots in progress when their time is over.
func (e *epoch) watchDeadlines() {
	at, ok := e.recorder.NextDeadline()
	if ok && e.expiry.pending() && e.expiry.at <= at {
		return // at worst it comes too early
	}
	e.expiry.cancel()
	if ok {
		e.expiry = e.timers.add(at, e.expire)
	}
}

// announce sends the assemblers of snapshots that wait for the program's state a section,
// which is empty if the state does not come within pieceDelay. The answer is the outcome
// when the snapshot ends, or at once if it has ended. Without it, a program that does not
// return its state would keep the recording of a cancelled snapshot until its time-out.
func (e *epoch) announce() {
	if !e.recorder.Capturing() {
		return
	}
	for _, s := range e.recorder.InProgress() {
		if s.Assembler != e.core.self && e.pending[s.ID] == nil {
			e.sendLater(e.addPending(s))
		}
	}
}

func (e *epoch) expire() {
	for _, s := range e.recorder.Expire(e.core.now) {
		e.core.log.Info().Str("snapshot", string(s.ID)).Msg("snapshot abandoned: its time is over")
		e.forget(s.ID, s.Assembler)
	}
	e.watchDeadlines()
}

// forget frees whatever this process still holds of its part of a snapshot, whose
// recording has ended.
func (e *epoch) forget(id snapshot.ID, assembler snapshot.ProcessID) {
	e.watchDeadlines()
	e.closeWindow(id)
	if p := e.pending[id]; p != nil {
		p.timer.cancel()
		delete(e.pending, id)
	}
	if up := e.uplinks[assembler]; up != nil {
		up.forget(id)
	}
}
