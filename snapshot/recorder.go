package snapshot

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Channels is what a Recorder asks about the channels of its process, at the
// instant at which the state is recorded. They are named by their places in
// [Topology.Out] and [Topology.In] of the process. Answers are not changed
// afterwards (batches are shared, see [Batch]).
type Channels interface {
	// Sent is the number of messages sent on an outgoing channel.
	Sent(out int) uint64
	// Outbox is the number of messages on it that are known to have arrived, and
	// the messages after those, which the sender records. Under the textbook rule
	// the receiver records all: Sent and nothing.
	Outbox(out int) (acked uint64, unacked []Batch)
	// PeerOut is the incarnation of the process at its other end, empty if that was
	// never heard of, and the resets of the channel since this process started.
	PeerOut(out int) (Incarnation, []Reset)
	// Received is the number of messages on an incoming channel that the program
	// received.
	Received(in int) uint64
	// Inbox is the messages on it that arrived after those.
	Inbox(in int) []Batch
	// PeerIn is what PeerOut is, of an incoming channel.
	PeerIn(in int) (Incarnation, []Reset)
}

// Start is how a process learns of a snapshot: by being told to initiate it, or
// by its first marker.
type Start struct {
	ID        ID
	Assembler ProcessID
	// Deadline is when the process gives up, and Timeout how long it was given;
	// both on the caller's clock.
	Deadline, Timeout time.Duration
}

// Marker is the cut line on a channel: after message number Sent.
type Marker struct {
	Start
	Sent uint64
	// Acked tells the receiver how far it is the one to record: messages after
	// Acked are in the sender's half. The textbook rule has Acked = Sent.
	Acked uint64
}

// EndedMax is how many ids of ended snapshots a Recorder remembers, for
// RememberFactor times their time-out but at least for RememberMin: what a marker
// says is left can be next to nothing, and markers of the same snapshot on other
// channels may come long after it.
const (
	EndedMax       = 4096
	RememberFactor = 10
	RememberMin    = time.Minute
)

// Errors of Initiate.
var (
	ErrLimit = errors.New("too many snapshots in progress")
	ErrKnown = errors.New("the snapshot is already in progress or has ended")
)

// Recorder is one process's side of every snapshot in progress. It is not safe
// for concurrent use: one goroutine owns it, together with the channels.
//
// Between Capture and StateRecorded it is capturing: snapshots that start in that
// time join the same recording.
type Recorder struct {
	self        ProcessID
	incarnation Incarnation
	in, out     []ProcessID
	channels    Channels
	limit       int

	capturing  bool
	recordings []*recording // in the order of their start; at most limit
	ended      []ended      // the oldest first; at most EndedMax
	endedIDs   map[ID]bool  // the ids in ended
}

type ended struct {
	id     ID
	forget time.Duration
}

// recording is one snapshot in progress at this process.
type recording struct {
	Start
	recorded bool
	in, out  []end // as Recorder.in and Recorder.out
	open     int   // ends that are not closed
}

// end is one end of a channel. An incoming one is closed when the state is
// recorded, the marker was processed and everything that this end is to record
// has arrived (Chandy & Lamport 1985, section 3: the marker-receiving rule). An
// outgoing one is closed when the state is recorded and the peer is known.
type end struct {
	closed  bool
	marker  bool
	sent    uint64 // by the marker
	acked   uint64 // by the marker
	arrived uint64 // the last message that is in messages, or was received
	// messages of an incoming end: what arrived since the recording and before it
	// was closed, after what was in the inbox.
	messages []Batch
}

// NewRecorder makes the Recorder of process self, for channels as the topology
// has them and at most limit snapshots in progress at once.
func NewRecorder(self ProcessID, incarnation Incarnation, t *Topology, channels Channels, limit int) *Recorder {
	return &Recorder{self: self, incarnation: incarnation, in: t.In(self), out: t.Out(self), channels: channels, limit: limit, endedIDs: map[ID]bool{}}
}

// Initiate starts a snapshot here. An asked initiator that has already heard of
// the snapshot gets ErrKnown, which is no failure; ErrLimit is.
func (r *Recorder) Initiate(s Start) ([]Effect, error) {
	if r.find(s.ID) != nil || r.endedIDs[s.ID] {
		return nil, ErrKnown
	}
	if len(r.recordings) >= r.limit {
		r.remember(s) // a marker of it may come yet, and starts nothing then
		return nil, fmt.Errorf("%w (%d)", ErrLimit, r.limit)
	}
	var todo effects
	r.start(&todo, s)
	return todo, nil
}

// MarkerReceived is the marker-receiving rule. The marker of a snapshot that has
// ended, or a second one on the same channel, changes nothing.
func (r *Recorder) MarkerReceived(from ProcessID, m Marker) []Effect {
	if r.endedIDs[m.ID] {
		return nil
	}
	var todo effects
	rec := r.find(m.ID)
	if rec == nil {
		if m.Timeout <= 0 { // its time is over: nobody waits for this part
			r.remember(m.Start)
			return nil
		}
		if len(r.recordings) >= r.limit {
			r.remember(m.Start)
			todo.fail(m.Start, Failed{Process: r.self, Reason: Refused, Detail: fmt.Sprintf("%v (%d)", ErrLimit, r.limit)})
			return todo
		}
		rec = r.start(&todo, m.Start)
	}
	i := slices.Index(r.in, from)
	if e := &rec.in[i]; !e.marker {
		e.marker, e.sent, e.acked = true, m.Sent, m.Acked
		r.closeIncoming(&todo, rec, i)
	}
	return todo
}

// MessagesArrived tells of messages that entered the inbox. It need not be called
// while Recording is false.
func (r *Recorder) MessagesArrived(from ProcessID, b Batch) []Effect {
	var todo effects
	i := slices.Index(r.in, from)
	for _, rec := range slices.Clone(r.recordings) {
		e := &rec.in[i]
		if !rec.recorded || e.closed {
			continue // what waits in the inbox is recorded with the state
		}
		e.messages = append(e.messages, b)
		e.arrived = b.Last()
		r.closeIncoming(&todo, rec, i)
	}
	return todo
}

// Recording tells whether a snapshot is in progress.
func (r *Recorder) Recording() bool { return len(r.recordings) > 0 }

// InProgress lists the snapshots in progress, oldest first.
func (r *Recorder) InProgress() []Start {
	var all []Start
	for _, rec := range r.recordings {
		all = append(all, rec.Start)
	}
	return all
}

// Waits says what a snapshot in progress waits for at this process, for people.
func (r *Recorder) Waits(id ID) []string {
	rec := r.find(id)
	if rec == nil {
		return nil
	}
	if !rec.recorded {
		return []string{"the state of the program"}
	}
	var waits []string
	for i, to := range r.out {
		if !rec.out[i].closed {
			waits = append(waits, fmt.Sprintf("a connection with %s", to))
		}
	}
	for i, from := range r.in {
		switch e := &rec.in[i]; {
		case e.closed:
		case !e.marker:
			waits = append(waits, fmt.Sprintf("the marker on %s", Channel{from, r.self}))
		default:
			waits = append(waits, fmt.Sprintf("message %d on %s", e.acked, Channel{from, r.self}))
		}
	}
	return waits
}

// Capturing tells whether the state is being captured: the program must receive
// nothing.
func (r *Recorder) Capturing() bool { return r.capturing }

// StateRecorded is the answer to Capture: this is the state of the program now,
// the counts of the channels being what they are now. It is the marker-sending
// rule: the markers go before the program sends anything more.
func (r *Recorder) StateRecorded(state State) []Effect {
	if !r.capturing {
		panic("bug: StateRecorded without Capture")
	}
	r.capturing = false
	var todo effects
	for _, rec := range slices.Clone(r.recordings) {
		if !rec.recorded {
			r.record(&todo, rec, state)
		}
	}
	return todo
}

// PeerKnown tells that a process was heard of for the first time.
func (r *Recorder) PeerKnown(ProcessID) []Effect {
	var todo effects
	for _, rec := range slices.Clone(r.recordings) {
		r.close(&todo, rec)
	}
	return todo
}

// PeerRestarted tells that a new incarnation of a process took the place of the
// one that the channels counted with. No snapshot in progress can be completed.
func (r *Recorder) PeerRestarted(peer ProcessID) []Effect {
	var todo effects
	for _, rec := range slices.Clone(r.recordings) {
		todo.fail(rec.Start, Failed{Process: peer, Reason: ProcessRestarted, Detail: "noticed by " + string(r.self)})
		r.finish(rec)
	}
	return todo
}

// Abandon ends a snapshot here, if it is in progress: its recording is freed and
// its markers start none again.
func (r *Recorder) Abandon(id ID) {
	if rec := r.find(id); rec != nil {
		r.finish(rec)
	}
}

// Expire abandons what is past its deadline and forgets ids whose time is over.
// It returns the snapshots that it abandoned.
func (r *Recorder) Expire(now time.Duration) []Start {
	var abandoned []Start
	for _, rec := range slices.Clone(r.recordings) {
		if now >= rec.Deadline {
			abandoned = append(abandoned, rec.Start)
			r.finish(rec)
		}
	}
	r.ended = slices.DeleteFunc(r.ended, func(e ended) bool {
		if now >= e.forget {
			delete(r.endedIDs, e.id)
		}
		return now >= e.forget
	})
	return abandoned
}

// NextDeadline is when Expire has something to abandon.
func (r *Recorder) NextDeadline() (at time.Duration, ok bool) {
	for _, rec := range r.recordings {
		if !ok || rec.Deadline < at {
			at, ok = rec.Deadline, true
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

// The following add to the effects of the call that is under way.

func (r *Recorder) start(todo *effects, s Start) *recording {
	rec := &recording{
		Start: s,
		in:    make([]end, len(r.in)),
		out:   make([]end, len(r.out)),
		open:  len(r.in) + len(r.out),
	}
	r.recordings = append(r.recordings, rec)
	if !r.capturing {
		r.capturing = true
		todo.add(Capture{})
	}
	return rec
}

func (r *Recorder) record(todo *effects, rec *recording, state State) {
	rec.recorded = true
	recorded := Recorded{
		Process: r.self, Incarnation: r.incarnation, State: state,
		Sent: make([]Count, len(r.out)), Received: make([]Count, len(r.in)),
	}
	for i, to := range r.out {
		sent := r.channels.Sent(i)
		acked, unacked := r.channels.Outbox(i)
		recorded.Sent[i] = Count{to, sent}
		rec.out[i].messages = unacked
		todo.add(SendMarker{To: to, Out: i, Marker: Marker{Start: rec.Start, Sent: sent, Acked: acked}})
	}
	for i, from := range r.in {
		e := &rec.in[i]
		received := r.channels.Received(i)
		recorded.Received[i] = Count{from, received}
		e.messages = slices.Clone(r.channels.Inbox(i))
		e.arrived = received
		if n := len(e.messages); n > 0 {
			e.arrived = e.messages[n-1].Last()
		}
	}
	todo.add(Report{Start: rec.Start, Piece: recorded, Last: rec.open == 0})
	if rec.open == 0 { // no channels at all
		r.finish(rec)
	}
	r.close(todo, rec)
}

// close closes the ends that can be.
func (r *Recorder) close(todo *effects, rec *recording) {
	for i := range r.out {
		r.closeOutgoing(todo, rec, i)
	}
	for i := range r.in {
		r.closeIncoming(todo, rec, i)
	}
}

func (r *Recorder) closeOutgoing(todo *effects, rec *recording, i int) {
	e := &rec.out[i]
	if !rec.recorded || e.closed {
		return
	}
	if peer, resets := r.channels.PeerOut(i); peer != "" {
		r.closed(todo, rec, e, Closed{Channel: Channel{r.self, r.out[i]}, Outgoing: true, Peer: peer, Messages: e.messages, Resets: resets})
	}
}

func (r *Recorder) closeIncoming(todo *effects, rec *recording, i int) {
	e := &rec.in[i]
	if !rec.recorded || e.closed || !e.marker || e.arrived < e.acked {
		return
	}
	peer, resets := r.channels.PeerIn(i)
	r.closed(todo, rec, e, Closed{Channel: Channel{r.in[i], r.self}, Peer: peer, Messages: through(e.messages, e.sent), Resets: resets})
}

// closed reports an end that is closed; with the last one the recording ends.
func (r *Recorder) closed(todo *effects, rec *recording, e *end, piece Closed) {
	e.closed, e.messages = true, nil
	piece.Process, piece.Incarnation = r.self, r.incarnation
	if rec.open--; rec.open == 0 {
		r.finish(rec)
	}
	todo.add(Report{Start: rec.Start, Piece: piece, Last: rec.open == 0})
}

// finish frees a recording and remembers its id.
func (r *Recorder) finish(rec *recording) {
	r.recordings = slices.DeleteFunc(r.recordings, func(other *recording) bool { return other == rec })
	r.remember(rec.Start)
}

func (r *Recorder) remember(s Start) {
	if len(r.ended) == EndedMax {
		delete(r.endedIDs, r.ended[0].id)
		r.ended = slices.Delete(r.ended, 0, 1)
	}
	r.endedIDs[s.ID] = true
	r.ended = append(r.ended, ended{s.ID, s.Deadline + max(RememberMin, (RememberFactor-1)*s.Timeout)})
}

// through is the batches without what is after number seq.
func through(batches []Batch, seq uint64) []Batch {
	var kept []Batch
	for _, b := range batches {
		if b.Count > 0 && b.First <= seq {
			kept = append(kept, b.Through(seq))
		}
	}
	return kept
}

// Ended returns how many ids of ended snapshots are remembered, at most EndedMax.
func (r *Recorder) Ended() int { return len(r.ended) }
