package child

import (
	"crypto/sha256"

	"chandy/snapshot"
)

// openMax is the most unanswered requests that are tracked one by one.
const openMax = 1 << 16

// requests tracks the requests that a child has received and not answered. The zero
// value is empty.
type requests struct {
	open  map[requestKey]uint64 // unanswered requests, each with its number
	order []opened              // the same, oldest first, and some answered requests
	count uint64                // number of the last request
	lost  uint64                // unanswered requests removed from open, which had openMax
	// unconfirmed is set when the child receives a message that expects no reply, and
	// reset when the child is idle. Until then the message may not have had its effect.
	unconfirmed bool
}

// requestKey is the sender of a request and its msg_id. The msg_id is empty if a client
// sent null, 0 or -1. A long one is kept as its hash, because it can be as long as a
// message, and stays until the request is answered.
type requestKey struct {
	from snapshot.ProcessID
	id   string
}

func keyOf(from snapshot.ProcessID, id []byte) requestKey {
	const most = 64
	if len(id) > most {
		sum := sha256.Sum256(id)
		id = sum[:]
	}
	return requestKey{from, string(id)}
}

type opened struct {
	key    requestKey
	number uint64
}

// add records a request that the child receives. If too many are open, add forgets the
// oldest, which then counts as unanswered for good.
func (r *requests) add(from snapshot.ProcessID, id []byte) {
	if r.open == nil {
		r.open = map[requestKey]uint64{}
	}
	r.count++
	key := keyOf(from, id)
	r.open[key] = r.count
	r.order = append(r.order, opened{key, r.count})
	for len(r.open) > openMax {
		if oldest := r.order[0]; r.open[oldest.key] == oldest.number {
			delete(r.open, oldest.key)
			r.lost++
		}
		r.order = r.order[1:]
	}
	if len(r.order) > 2*len(r.open)+64 {
		r.tidy()
	}
}

// tidy removes answered requests from order.
func (r *requests) tidy() {
	left := make([]opened, 0, 2*len(r.open))
	for _, o := range r.order {
		if r.open[o.key] == o.number {
			left = append(left, o)
		}
	}
	r.order = left
}

// answered records a reply and reports whether it answers an open request.
func (r *requests) answered(to snapshot.ProcessID, inReplyTo []byte) bool {
	key := keyOf(to, inReplyTo)
	if _, ok := r.open[key]; !ok {
		return false
	}
	delete(r.open, key)
	return true
}

// acknowledged reports whether the child's replies prove that everything it has received
// has had its effect.
func (r *requests) acknowledged() bool { return r.unanswered() == 0 && !r.unconfirmed }

func (r *requests) unanswered() uint64 { return uint64(len(r.open)) + r.lost }
