package child

import (
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"slices"
	"time"

	"chandy/snapshot"
)

// openMax is the most unanswered requests that are tracked one by one.
const openMax = 1 << 16

// requests tracks the requests that a child has received and not answered. The zero
// value is empty.
type requests struct {
	open  map[requestKey]uint64 // unanswered requests, each with its number
	order []request             // the same, oldest first, and some answered requests
	count uint64                // number of the last request: the call of Receive that brought it
	lost  uint64                // unanswered requests removed from open, which had openMax

	// A settling waits for the replies to awaited requests, which are the open requests
	// with a number above givenUp. See giveUp.
	awaited int
	givenUp uint64

	// unconfirmed is set when the child receives a message that expects no reply, and
	// reset when the child is idle. Until then the message may not have had its effect.
	unconfirmed bool
	// oneWay has the calls of Receive with the last of these messages: those after the last
	// request that was answered. A child with one thread has handled the others.
	oneWay []uint64
}

// request is a request that the child has received.
type request struct {
	requestKey
	number uint64
	since  time.Duration // when the child received it, on the node's clock
}

// requestKey is the sender of a request and its msg_id as JSON text. The msg_id is empty
// if a client sent null, 0 or -1. A long one is kept as its hash, because it can be as
// long as a message, and stays until the request is answered.
type requestKey struct {
	from snapshot.ProcessID
	id   string
}

// idMax is the longest msg_id that is kept as it is, in bytes.
const idMax = 80

func keyOf(from snapshot.ProcessID, id []byte) requestKey {
	if len(id) > idMax {
		sum := sha256.Sum256(id)
		return requestKey{from, "sha256:" + hex.EncodeToString(sum[:])}
	}
	return requestKey{from, string(id)}
}

// add records a request that the child receives now. If too many are open, add forgets
// the oldest, which then counts as unanswered for good.
func (r *requests) add(call uint64, from snapshot.ProcessID, id []byte, now time.Duration) {
	if r.open == nil {
		r.open = map[requestKey]uint64{}
	}
	key := keyOf(from, id)
	r.remove(key)
	r.count = call
	r.open[key] = r.count
	r.awaited++
	r.order = append(r.order, request{key, r.count, now})
	for len(r.open) > openMax {
		if oldest := r.order[0]; r.open[oldest.requestKey] == oldest.number {
			r.remove(oldest.requestKey)
			r.lost++
		}
		r.order = r.order[1:]
	}
	if len(r.order) > 2*len(r.open)+64 {
		r.order = slices.AppendSeq(make([]request, 0, 2*len(r.open)), r.oldestFirst())
	}
}

// oldestFirst iterates over the open requests.
func (r *requests) oldestFirst() iter.Seq[request] {
	return func(yield func(request) bool) {
		for _, q := range r.order {
			if r.open[q.requestKey] == q.number && !yield(q) {
				return
			}
		}
	}
}

// asks reports whether a process or client has an open request.
func (r *requests) asks(from snapshot.ProcessID) bool {
	for key := range r.open {
		if key.from == from {
			return true
		}
	}
	return false
}

// answered records a reply and reports whether it answers an open request.
func (r *requests) answered(to snapshot.ProcessID, inReplyTo []byte) bool {
	key := keyOf(to, inReplyTo)
	number := r.open[key]
	r.oneWay = slices.DeleteFunc(r.oneWay, func(call uint64) bool { return call < number })
	return r.remove(key)
}

// oneWayMax is how many calls are kept in oneWay, at least; twice as many at most.
const oneWayMax = 64

// addOneWay records that the child receives a message that expects no reply.
func (r *requests) addOneWay(call uint64) {
	r.unconfirmed = true
	if len(r.oneWay) == 2*oneWayMax {
		r.oneWay = r.oneWay[:copy(r.oneWay, r.oneWay[oneWayMax:])]
	}
	r.oneWay = append(r.oneWay, call)
}

// remove reports whether the request was open.
func (r *requests) remove(key requestKey) bool {
	number, ok := r.open[key]
	if ok && number > r.givenUp {
		r.awaited--
	}
	delete(r.open, key)
	return ok
}

// giveUp must be called when a settling has run out of time. Later settlings do not wait
// for the requests that are open now: perhaps nobody ever answers them, or their clients
// are gone. They still count as unanswered.
func (r *requests) giveUp() { r.givenUp, r.awaited = r.count, 0 }

// acknowledged reports whether the child's replies prove that everything it has received
// has had its effect.
func (r *requests) acknowledged() bool { return r.unanswered() == 0 && !r.unconfirmed }

func (r *requests) unanswered() uint64 { return uint64(len(r.open)) + r.lost }
