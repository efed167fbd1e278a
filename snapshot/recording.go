package snapshot

import (
	"fmt"
	"slices"
	"time"
)

// recording is one snapshot in progress at this process.
type recording struct {
	Start
	recorded bool  // the state is there
	in, out  []end // one for each channel, in the order of Recorder.in and Recorder.out
	open     int   // number of ends that are not closed
	bytes    int   // in the messages of all ends, see size
	// firstMarker is when the first marker came, after Start.Begun.
	firstMarker time.Duration
}

// end is the end of one channel at this process. An end is closed when its part of
// the channel state is final and reported.
//
// An incoming end is closed when the state is recorded, the marker has been
// processed, and every message up to the marker's acked has arrived. An outgoing
// end is closed when the state is recorded and the peer's incarnation is known.
type end struct {
	closed      bool
	marker      bool          // incoming: the marker has been processed
	sent        uint64        // incoming: Marker.Sent
	acked       uint64        // incoming: Marker.Acked
	markerAfter time.Duration // incoming: when the marker came, after Start.Begun
	arrived     uint64        // incoming: number of the last message that arrived
	// messages is what this end has recorded and not reported yet. An outgoing end
	// holds the outbox at the recording. An incoming end holds the inbox at the
	// recording, then what has arrived since.
	messages []Batch
}

// start adds a recording. It asks for the state unless one is being captured
// already.
func (r *Recorder) start(todo *effects, s Start) *recording {
	rec := &recording{
		Start:       s,
		in:          make([]end, len(r.in)),
		out:         make([]end, len(r.out)),
		open:        len(r.in) + len(r.out),
		firstMarker: Never,
	}
	r.recordings = append(r.recordings, rec)
	if !r.capturing {
		r.capturing = true
		todo.add(Capture{})
	}
	return rec
}

// record takes the state together with the counts and contents of all channels at
// this instant. The markers come first among the effects.
func (r *Recorder) record(todo *effects, rec *recording, state State) {
	rec.recorded = true
	recorded := Recorded{
		Process: r.self, Incarnation: r.incarnation, State: state,
		Sent: make([]Count, len(r.out)), Received: make([]Count, len(r.in)),
		FirstMarker: rec.firstMarker,
	}
	for i, to := range r.out {
		sent := r.channels.Sent(i)
		acked, unacked := r.channels.Outbox(i)
		recorded.Sent[i] = Count{to, sent}
		rec.out[i].messages = unacked
		rec.bytes += size(unacked)
		todo.add(SendMarker{To: to, Out: i, Marker: Marker{Start: rec.Start, Sent: sent, Acked: acked}})
	}
	for i, from := range r.in {
		e := &rec.in[i]
		received := r.channels.Received(i)
		recorded.Received[i] = Count{from, received}
		e.messages = slices.Clone(r.channels.Inbox(i))
		rec.bytes += size(e.messages)
		e.arrived = received
		if n := len(e.messages); n > 0 {
			e.arrived = e.messages[n-1].Last()
		}
	}
	todo.add(Report{Start: rec.Start, Piece: recorded, Last: rec.open == 0})
	if rec.open == 0 { // the process has no channels
		r.finish(rec)
	}
	r.closeReady(todo, rec)
}

// closeReady closes every end for which the conditions hold.
func (r *Recorder) closeReady(todo *effects, rec *recording) {
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
		r.reportClosed(todo, rec, e, Closed{Channel: Channel{r.self, r.out[i]}, Outgoing: true, Peer: peer, Messages: e.messages, Resets: resets})
	}
}

func (r *Recorder) closeIncoming(todo *effects, rec *recording, i int) {
	e := &rec.in[i]
	if !rec.recorded || e.closed || !e.marker || e.arrived < e.acked {
		return
	}
	peer, resets := r.channels.PeerIn(i)
	r.reportClosed(todo, rec, e, Closed{Channel: Channel{r.in[i], r.self}, Peer: peer, Sent: e.sent, MarkerAfter: e.markerAfter, Messages: through(e.messages, e.sent), Resets: resets})
}

// reportClosed closes an end and reports its record. The last end that closes finishes
// the recording.
func (r *Recorder) reportClosed(todo *effects, rec *recording, e *end, piece Closed) {
	rec.bytes -= size(e.messages)
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

// Waits lists what a snapshot in progress waits for at this process, as text for
// people.
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

// Bytes returns how many bytes this process has recorded for a snapshot in progress and not
// reported yet: messages, and 48 for each batch of them.
func (r *Recorder) Bytes(id ID) int {
	if rec := r.find(id); rec != nil {
		return rec.bytes
	}
	return 0
}

// BatchBytes is what a recorded batch counts for besides its messages, because a peer can
// send each message in a batch of its own.
const BatchBytes = 48

func size(batches []Batch) (bytes int) {
	for _, b := range batches {
		bytes += len(b.Body) + BatchBytes
	}
	return bytes
}

// through returns the batches without the messages after number seq.
func through(batches []Batch, seq uint64) []Batch {
	var kept []Batch
	for _, b := range batches {
		if b.Count > 0 && b.First <= seq {
			kept = append(kept, b.Through(seq))
		}
	}
	return kept
}
