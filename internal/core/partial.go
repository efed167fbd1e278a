package core

import (
	"encoding/binary"
	"fmt"
	"slices"

	"chandy/snapshot"
	"chandy/wire"
)

// partial is a long message of which some fragments have come on the current connection.
// The zero value has none. A new connection must begin with a new one, because the sender
// sends the message again.
type partial struct {
	next wire.Fragment // fields that the next fragment must have; Number is 0 if there is none
	body []byte        // as in a batch
}

// add takes a fragment and reports whether it was the last one. The message is then in
// data, in memory of its own. An error is a violation of the protocol.
func (p *partial) add(f wire.Fragment) (data wire.Data, whole bool, err error) {
	if p.next.Number == 0 {
		p.next = wire.Fragment{Number: f.Number, Stamp: f.Stamp, Size: f.Size}
		p.body = binary.AppendUvarint(nil, uint64(f.Size))
	}
	want := p.next
	if f.Number != want.Number || f.Stamp != want.Stamp || f.Size != want.Size || f.Offset != want.Offset {
		return data, false, fmt.Errorf("%s of stamp %d came where byte %d of message %d was due", f, f.Stamp, want.Offset, want.Number)
	}
	if have := len(p.body); cap(p.body)-have < len(f.Bytes) {
		// Twice what has come, so that a size alone costs nothing.
		p.body = slices.Grow(p.body, max(len(f.Bytes), min(have, f.Size-f.Offset)))
	}
	p.body = append(p.body, f.Bytes...)
	if p.next.Offset += len(f.Bytes); p.next.Offset < f.Size {
		return data, false, nil
	}
	data = wire.Data{Stamp: f.Stamp, Batch: snapshot.Batch{First: f.Number, Count: 1, Body: p.body}}
	*p = partial{}
	return data, true, nil
}

// open reports whether more fragments must come before other messages.
func (p *partial) open() bool { return p.next.Number != 0 }
