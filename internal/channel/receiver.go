package channel

import (
	"fmt"
	"slices"

	"chandy/snapshot"
	"chandy/wire"
)

// Receiver is the incoming half of a channel. Rule and Window must be set before first
// use. Window is how many bytes the sender may send beyond what the program has received.
// The first Acknowledge grants the window; no message may arrive before it.
//
// Invariants: received <= arrived; the inbox holds messages received+1 … arrived.
type Receiver struct {
	Rule     Rule
	Window   int
	FreeList *FreeList

	arrived, received uint64
	marker            uint64    // ordinal of the last marker that was processed
	inbox             []segment // without empty segments
	done              segment   // the segment that was emptied last; its last payload is lent
	arrivedBytes      uint64    // bytes of messages 1 … arrived
	receivedBytes     uint64
	advertised        wire.Position // what Acknowledge returned last
	advertisedBytes   uint64        // arrivedBytes at that time
	duplicates        uint64
}

// Data copies the messages that are new into the inbox and returns them, lent. It drops
// messages that arrived before, and counts them. An error is a violation of the protocol:
// a gap, a message before its marker, or a message that begins beyond the window (a
// message may end beyond it). After an error only the count of duplicates may have changed.
func (r *Receiver) Data(d wire.Data) (snapshot.Batch, error) {
	fresh := d.Batch.After(r.arrived)
	r.duplicates += uint64(d.Count - fresh.Count)
	switch {
	case fresh.Count == 0:
		return fresh, nil
	case fresh.First != r.arrived+1:
		return fresh, fmt.Errorf("message %d came after %d", fresh.First, r.arrived)
	case d.Stamp > r.marker:
		return fresh, fmt.Errorf("message %d was sent after marker %d, but marker %d is the last that came", fresh.First, d.Stamp, r.marker)
	}
	size := uint64(len(fresh.Body))
	if r.arrivedBytes+size > r.advertised.Credit {
		allowed := r.advertised.Credit - min(r.advertised.Credit, r.arrivedBytes)
		if beginningBefore(allowed, fresh).Count < fresh.Count {
			return fresh, fmt.Errorf("message %d is beyond the window", fresh.Last())
		}
	}
	r.arrived = fresh.Last()
	r.arrivedBytes += size
	return r.add(fresh, d.Stamp), nil
}

// add copies messages into the last segment of the inbox, or into a new segment. Only a
// segment that is full makes a new one, so that small messages do not take much more memory
// than they have bytes, whatever their stamps.
func (r *Receiver) add(fresh snapshot.Batch, stamp uint64) snapshot.Batch {
	n := len(r.inbox)
	if n == 0 || cap(r.inbox[n-1].Body)-len(r.inbox[n-1].Body) < len(fresh.Body) {
		body := r.FreeList.take(len(fresh.Body), n > 0)
		r.inbox = append(r.inbox, segment{Batch: snapshot.Batch{First: fresh.First, Body: body}, memory: body})
		n++
	}
	last := &r.inbox[n-1]
	last.stamp = max(last.stamp, stamp)
	begin := len(last.Body)
	last.Body = append(last.Body, fresh.Body...)
	last.Count += fresh.Count
	return snapshot.Batch{First: fresh.First, Count: fresh.Count, Body: slices.Clip(last.Body[begin:])}
}

// GiveAway gives the memory of the inbox away to a recorder that refers to it. Messages
// added to the last segment later are in that memory too, so it is never used again.
func (r *Receiver) GiveAway() {
	for i := range r.inbox {
		r.inbox[i].recorded = true
	}
}

// Marker takes a marker and reports whether it is new. The caller must drop a marker
// that is not. An error is a violation of the protocol.
func (r *Receiver) Marker(m Marker) (fresh bool, err error) {
	switch {
	case m.Ordinal <= r.marker:
		return false, nil
	case m.Ordinal != r.marker+1:
		return false, fmt.Errorf("marker %d came after %d", m.Ordinal, r.marker)
	case m.Sent < r.arrived || r.Rule == InOrder && m.Sent != r.arrived:
		return false, fmt.Errorf("marker %d stands after message %d but came after %d", m.Ordinal, m.Sent, r.arrived)
	case r.Rule == Ahead && m.Acked > r.advertised.Arrived:
		return false, fmt.Errorf("marker %d says that message %d was acknowledged, but only %d was", m.Ordinal, m.Acked, r.advertised.Arrived)
	}
	r.marker = m.Ordinal
	return true, nil
}

// Receive removes the next message from the inbox, for the program. Its payload is lent.
//
// Receive must not be called while the program's state is being captured. Markers are
// processed in that time, and a message that was sent after such a marker must not be
// received before the recording.
func (r *Receiver) Receive() (payload []byte, ok bool) {
	// The second condition never holds, because Data refuses such a message. It guards the
	// cut a second time.
	if len(r.inbox) == 0 || r.inbox[0].stamp > r.marker {
		return nil, false
	}
	if r.done.memory != nil { // seldom, and put clears the whole segment
		r.FreeList.put(&r.done)
	}
	head := &r.inbox[0]
	before := len(head.Body)
	payload = head.Next()
	r.received++
	r.receivedBytes += uint64(before - len(head.Body))
	if head.Count == 0 {
		r.done = *head
		r.inbox = slices.Delete(r.inbox, 0, 1)
	}
	return payload, true
}

// Arrived returns the number of the last message that arrived.
func (r *Receiver) Arrived() uint64 { return r.arrived }

// Received returns the number of the last message that the program received.
func (r *Receiver) Received() uint64 { return r.received }

// Waiting returns the number of messages in the inbox.
func (r *Receiver) Waiting() int { return int(r.arrived - r.received) }

// Bytes returns how many bytes the inbox holds.
func (r *Receiver) Bytes() int { return int(r.arrivedBytes - r.receivedBytes) }

// Duplicates returns how many messages were dropped because they had arrived before.
func (r *Receiver) Duplicates() uint64 { return r.duplicates }

// Inbox returns what arrived and was not received, see [snapshot.Channels]. It gives
// the memory away, as GiveAway does.
func (r *Receiver) Inbox() []snapshot.Batch {
	r.GiveAway()
	batches := make([]snapshot.Batch, len(r.inbox))
	for i, seg := range r.inbox {
		seg.Body = slices.Clip(seg.Body)
		batches[i] = seg.Batch
	}
	return batches
}

// Acknowledge returns the current position. The caller must send it to the sender.
func (r *Receiver) Acknowledge() wire.Position {
	r.advertised = wire.Position{Arrived: r.arrived, Received: r.received, Marker: r.marker, Credit: r.receivedBytes + uint64(r.Window)}
	r.advertisedBytes = r.arrivedBytes
	return r.advertised
}

// Unacknowledged reports whether Acknowledge would return news, and how much: the
// larger of the bytes that arrived and the credit that was freed since the last call.
func (r *Receiver) Unacknowledged() (news bool, bytes int) {
	news = r.arrived > r.advertised.Arrived || r.marker > r.advertised.Marker || r.received > r.advertised.Received
	credit := r.receivedBytes + uint64(r.Window) - r.advertised.Credit
	return news, int(max(credit, r.arrivedBytes-r.advertisedBytes))
}
