package wire

import (
	"fmt"
	"math"
	"slices"

	"chandy/snapshot"
)

// rope is bytes in slices that follow one another. Most ropes are one slice, which takes no
// further memory. The slices in more are not empty, nor is first unless the rope is.
type rope struct {
	first []byte
	more  [][]byte
	n     int // bytes in all
}

func (r *rope) add(b []byte) {
	switch {
	case len(b) == 0:
		return
	case r.n == 0:
		r.first = b
	default:
		r.more = append(r.more, b)
	}
	r.n += len(b)
}

// head returns the first n bytes, or all if there are fewer.
func (r *rope) head(n int) []byte {
	n = min(n, r.n)
	if n <= len(r.first) {
		return r.first[:n]
	}
	head := slices.Clone(r.first)
	for i := 0; len(head) < n; i++ {
		head = append(head, r.more[i][:min(n-len(head), len(r.more[i]))]...)
	}
	return head
}

// cut removes and returns the first n bytes, of which there must be so many.
func (r *rope) cut(n int) (begin rope) {
	for n > 0 {
		part := r.first[:min(n, len(r.first)):min(n, len(r.first))]
		begin.add(part)
		n -= len(part)
		r.n -= len(part)
		if r.first = r.first[len(part):]; len(r.first) == 0 && len(r.more) > 0 {
			r.first, r.more = r.more[0], r.more[1:]
		}
	}
	return begin
}

// join returns the bytes in one slice. It copies them if they are in several.
func (r *rope) join() []byte {
	if len(r.more) == 0 {
		return r.first
	}
	return slices.Concat(append([][]byte{r.first}, r.more...)...)
}

// sized removes and returns a byte and, behind their length, some bytes.
func (r *rope) sized(byteField, field string) (b byte, bytes rope, err error) {
	d := decoder{rest: r.head(headMax)}
	before := len(d.rest)
	b = d.byte(byteField, 0, math.MaxUint8)
	n := d.uint(field)
	if d.err != nil {
		return 0, rope{}, d.err
	}
	if r.cut(before - len(d.rest)); n > uint64(r.n) {
		return 0, rope{}, fmt.Errorf("%s is cut off", field)
	}
	return b, r.cut(int(n)), nil
}

// cutState removes the state from the fields of a recorded piece, and returns it. An empty
// state takes its place. A piece with an error in place of the state stays as it is.
func (r *rope) cutState() (state rope, err error) {
	if r.first[0] != stateBytes {
		return rope{}, nil
	}
	if _, state, err = r.sized("state kind", "state"); err != nil {
		return rope{}, err
	}
	fields := rope{first: append([]byte{stateBytes, 0}, r.join()...)}
	fields.n = len(fields.first)
	*r = fields
	return state, nil
}

// setState sets the state of a recorded piece.
func (r *rope) setState(piece *snapshot.Recorded) {
	if len(r.more) == 0 {
		piece.State.Bytes = r.first
	} else {
		piece.State.Bytes, piece.State.Chunks = nil, append([][]byte{r.first}, r.more...)
	}
}
