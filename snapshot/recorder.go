package snapshot

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Errors of Initiate.
var (
	ErrLimit = errors.New("too many snapshots in progress")
	ErrKnown = errors.New("the snapshot is already in progress or has ended")
	ErrOld   = errors.New("the snapshot may have ended: its id is not above those of its assembler that are forgotten")
)

// Recorder is one process's side of all snapshots in progress. The caller reports
// events to it by the methods, one at a time. A method returns the [Effect]s that
// the caller must carry out before the next event.
//
// A Recorder is not safe for concurrent use: one goroutine owns it, together with
// the [Channels] that it reads.
//
// From the effect [Capture] to the call of StateRecorded the Recorder is capturing.
// A snapshot that starts in that time joins the recording: it gets the same state
// and the same counts.
type Recorder struct {
	// Admit, if non-nil, returns why no new snapshot may start at this process at the
	// moment, or nil.
	Admit func() error

	self        ProcessID
	incarnation Incarnation
	in, out     []ProcessID // as the topology has them
	channels    Channels
	limit       int

	capturing bool
	// recordings is in the order of their start, and has at most limit elements. finish
	// removes an element, so every loop that may finish a recording ranges over a clone.
	recordings []*recording
	ended      []ended     // at most EndedMax
	endedIDs   map[ID]bool // the ids in ended
	floors     []ended     // at most one for each assembler
}

// NewRecorder returns the Recorder of process self, which has the channels that t
// has and at most limit snapshots in progress at once.
func NewRecorder(self ProcessID, incarnation Incarnation, t *Topology, channels Channels, limit int) *Recorder {
	return &Recorder{self: self, incarnation: incarnation, in: t.In(self), out: t.Out(self), channels: channels, limit: limit, endedIDs: map[ID]bool{}}
}

// Initiate starts a snapshot at this process. ErrKnown means that the process has
// heard of the snapshot already, and is no failure. ErrLimit, ErrOld or an error of Admit
// means that the process takes no part.
//
// The ids of the snapshots that a process assembles must ascend.
func (r *Recorder) Initiate(s Start) ([]Effect, error) {
	switch {
	case r.find(s.ID) != nil || r.endedIDs[s.ID]:
		return nil, ErrKnown
	case r.belowFloor(s):
		return nil, ErrOld
	}
	if err := r.refusal(); err != nil {
		r.remember(s) // so that its markers start nothing here
		return nil, err
	}
	var todo effects
	r.start(&todo, s)
	return todo, nil
}

// MarkerReceived is the marker-receiving rule (Chandy & Lamport 1985, section 3.2):
// the first marker of a snapshot starts the recording, and the marker of a channel
// ends what is recorded there. Nothing happens if the snapshot has ended, or if the
// marker is the second one of the snapshot on the channel. A first marker starts
// nothing if no time is left. At the limit, if Admit refuses, or if the snapshot may have
// ended, it only reports a Failed.
//
// The caller must name a process that has a channel to this one.
func (r *Recorder) MarkerReceived(from ProcessID, m Marker) []Effect {
	if r.endedIDs[m.ID] {
		return nil
	}
	var todo effects
	rec := r.find(m.ID)
	switch {
	case rec != nil:
	case m.Timeout <= 0: // no time is left: the assembler does not wait for this part
		r.remember(m.Start)
		return nil
	case r.belowFloor(m.Start):
		todo.fail(m.Start, Failed{Process: r.self, Reason: Refused, Detail: ErrOld.Error()})
		return todo
	default:
		if err := r.refusal(); err != nil {
			r.remember(m.Start)
			todo.fail(m.Start, Failed{Process: r.self, Reason: Refused, Detail: err.Error()})
			return todo
		}
		rec = r.start(&todo, m.Start)
	}
	i := slices.Index(r.in, from)
	if e := &rec.in[i]; !e.marker {
		e.marker, e.sent, e.acked = true, m.Sent, m.Acked
		e.markerAfter = max(0, m.Begun()-rec.Begun()) // m.Start was made when the marker came
		if rec.firstMarker == Never {
			rec.firstMarker = e.markerAfter
		}
		r.closeIncoming(&todo, rec, i)
	}
	return todo
}

// refusal returns why no new snapshot may start, or nil.
func (r *Recorder) refusal() error {
	switch {
	case len(r.recordings) >= r.limit:
		return fmt.Errorf("%w (limit %d)", ErrLimit, r.limit)
	case r.Admit != nil:
		return r.Admit()
	}
	return nil
}

// MessagesArrived reports messages that have just entered the inbox of the channel
// from a process. The caller may leave the call out while Recording returns false.
func (r *Recorder) MessagesArrived(from ProcessID, b Batch) []Effect {
	var todo effects
	i := slices.Index(r.in, from)
	for _, rec := range slices.Clone(r.recordings) {
		e := &rec.in[i]
		if !rec.recorded || e.closed {
			// A closed end is final. Before the recording, record will find the messages
			// in the inbox.
			continue
		}
		e.messages = append(e.messages, b)
		rec.bytes += len(b.Body) + BatchBytes
		e.arrived = b.Last()
		r.closeIncoming(&todo, rec, i)
	}
	return todo
}

// StateRecorded answers the effect Capture. The state must be the one of the
// program at this instant, to which the counts of the channels belong too. This is
// the marker-sending rule: the markers in the effects go out before the program
// sends another message.
func (r *Recorder) StateRecorded(state State) []Effect {
	if !r.capturing {
		panic("bug: StateRecorded without Capture")
	}
	r.capturing = false
	state = state.boundOpen()
	var todo effects
	for _, rec := range slices.Clone(r.recordings) {
		if !rec.recorded {
			r.record(&todo, rec, state)
		}
	}
	return todo
}

// PeerKnown reports that the process has heard of a peer for the first time. The
// outgoing end towards it can now be closed, because a Closed names the peer's
// incarnation. All ends are tried, whichever peer it is.
func (r *Recorder) PeerKnown(ProcessID) []Effect {
	var todo effects
	for _, rec := range slices.Clone(r.recordings) {
		r.closeReady(&todo, rec)
	}
	return todo
}

// PeerRestarted reports that a new incarnation of a peer has replaced the one with
// which the channels counted. No snapshot in progress can be completed any more, so
// all of them end here. The ids of the new incarnation need not be above the old ones.
func (r *Recorder) PeerRestarted(peer ProcessID) []Effect {
	r.floors = slices.DeleteFunc(r.floors, func(e ended) bool { return e.assembler == peer })
	var todo effects
	for _, rec := range slices.Clone(r.recordings) {
		todo.fail(rec.Start, Failed{Process: peer, Reason: ProcessRestarted, Detail: "noticed by " + string(r.self)})
		r.finish(rec)
	}
	return todo
}

// Abandon ends a snapshot at this process, if it is in progress. Its recording is
// freed, and markers of it that come later start nothing.
func (r *Recorder) Abandon(id ID) {
	if rec := r.find(id); rec != nil {
		r.finish(rec)
	}
}

// Assembler returns the assembler of a snapshot in progress, or "" if it is not.
func (r *Recorder) Assembler(id ID) ProcessID {
	if rec := r.find(id); rec != nil {
		return rec.Assembler
	}
	return ""
}

// Recording reports whether a snapshot is in progress.
func (r *Recorder) Recording() bool { return len(r.recordings) > 0 }

// Capturing reports whether the state is being captured. Meanwhile the program must
// receive nothing.
func (r *Recorder) Capturing() bool { return r.capturing }

// InProgress lists the snapshots in progress, the oldest first.
func (r *Recorder) InProgress() []Start {
	var all []Start
	for _, rec := range r.recordings {
		all = append(all, rec.Start)
	}
	return all
}

// NextDeadline returns the earliest deadline of a snapshot in progress, on the caller's
// clock; ok is false if there is none.
func (r *Recorder) NextDeadline() (at time.Duration, ok bool) {
	for _, rec := range r.recordings {
		if !ok || rec.Deadline < at {
			at, ok = rec.Deadline, true
		}
	}
	return at, ok
}

// CaptureUntil returns when the state should be recorded at the latest, on the caller's
// clock. The snapshot that leaves the most time counts, of those that wait for the state.
// ok is false if none waits.
//
// The markers wait for the state, so processes that record it late follow one another on a
// path. The argument follow is the number of processes that may follow this one. Each of
// them, this process and the end of the snapshot have an equal share of the time that the
// snapshot had left when it came here.
func (r *Recorder) CaptureUntil(follow int) (at time.Duration, ok bool) {
	for _, rec := range r.recordings {
		if until := rec.Deadline - rec.Timeout + rec.Timeout/time.Duration(follow+2); !rec.recorded && (!ok || until > at) {
			at, ok = until, true
		}
	}
	return at, ok
}

func (r *Recorder) find(id ID) *recording {
	for _, rec := range r.recordings {
		if rec.ID == id {
			return rec
		}
	}
	return nil
}
