package child

import "chandy/snapshot"

// openMax is how many requests that a child has not answered are known one by one.
const openMax = 1 << 16

// requests are those that a child has been given and has not answered. The zero
// value has none.
type requests struct {
	open  map[requestKey]uint64 // when it was opened, by count
	order []opened              // the oldest first; some are answered
	count uint64
	lost  uint64 // too old to be known
	// mute tells that there may be lines without effect yet that nobody answers: some
	// came since the child was last seen idle.
	mute bool
}

// requestKey is who asked and the msg_id, which is empty for a client's request
// that has none that counts.
type requestKey struct {
	from snapshot.ProcessID
	id   string
}

type opened struct {
	key requestKey
	at  uint64
}

// add notes a request.
func (r *requests) add(from snapshot.ProcessID, id []byte) {
	if r.open == nil {
		r.open = map[requestKey]uint64{}
	}
	r.count++
	key := requestKey{from, string(id)}
	r.open[key] = r.count
	r.order = append(r.order, opened{key, r.count})
	for len(r.open) > openMax {
		if oldest := r.order[0]; r.open[oldest.key] == oldest.at {
			delete(r.open, oldest.key)
			r.lost++
		}
		r.order = r.order[1:]
	}
	if len(r.order) > 2*len(r.open)+64 {
		r.tidy()
	}
}

// tidy forgets what has been answered.
func (r *requests) tidy() {
	left := make([]opened, 0, 2*len(r.open))
	for _, o := range r.order {
		if r.open[o.key] == o.at {
			left = append(left, o)
		}
	}
	r.order = left
}

// answered notes a reply, and tells whether it answers a request that is open.
func (r *requests) answered(to snapshot.ProcessID, inReplyTo []byte) bool {
	key := requestKey{to, string(inReplyTo)}
	if _, ok := r.open[key]; !ok {
		return false
	}
	delete(r.open, key)
	return true
}

// acknowledged tells whether everything that the child was given has had its effect,
// by its own answers.
func (r *requests) acknowledged() bool { return r.unanswered() == 0 && !r.mute }

// unanswered is how many are open.
func (r *requests) unanswered() uint64 { return uint64(len(r.open)) + r.lost }
