package core

import (
	"errors"
	"fmt"
	"io"
	"sync"

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
			out.sender.Mark(effect.Marker)
			out.markDirty()
		case snapshot.Report:
			e.report(effect)
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
	done := false
	e.program.Capture(func(s program.State) {
		if done {
			panic("bug: the program called done twice")
		}
		done = true
		if s.Encode != nil {
			s.Encode = encodeOnce(s.Encode)
		}
		e.guard(func() { e.obey(e.recorder.StateRecorded(s)) })()
	})
}

// encodeOnce returns a function that writes the result of a single call of encode each
// time it is called, because several snapshots may share one recording.
func encodeOnce(encode func(io.Writer) error) func(io.Writer) error {
	encoded := sync.OnceValue(snapshot.State{Encode: encode}.Resolve)
	return func(w io.Writer) error {
		s := encoded()
		if s.Error != "" {
			return errors.New(s.Error)
		}
		_, err := w.Write(s.Bytes)
		return err
	}
}

// watchDeadlines ends the snapshots in progress when their time is over. The caller must
// call it when one has begun that another process assembles.
func (e *epoch) watchDeadlines() {
	at, ok := e.recorder.NextDeadline()
	if !ok || e.expiry.pending() && e.expiry.at <= at {
		return
	}
	e.expiry.cancel()
	e.expiry = e.timers.add(at, e.expire)
}

func (e *epoch) expire() {
	defer e.watchDeadlines()
	for _, s := range e.recorder.Expire(e.core.now) {
		e.core.log.Info().Str("snapshot", string(s.ID)).Msg("snapshot abandoned: its time is over")
		e.forget(s.ID, s.Assembler)
	}
}

// forget frees whatever this process still holds of its part of a snapshot.
func (e *epoch) forget(id snapshot.ID, assembler snapshot.ProcessID) {
	if p := e.pending[id]; p != nil {
		p.timer.cancel()
		delete(e.pending, id)
	}
	if up := e.uplinks[assembler]; up != nil {
		up.forget(id)
	}
}
