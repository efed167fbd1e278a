package wire

import (
	"errors"
	"fmt"

	"chandy/snapshot"
)

// The methods in this file decode the fields of one piece, in the order of SPEC.md.

func (d *pieceDecoder) recorded() snapshot.Recorded {
	r := snapshot.Recorded{Process: d.process, Incarnation: d.incarnation}
	if d.byte("state kind", stateBytes, stateError) == stateError {
		if r.State.Error = d.text("state error"); r.State.Error == "" {
			d.check(errors.New("state error is empty"))
		}
	} else {
		r.State.Bytes = d.bytes("state")
	}
	r.State.About = d.about()
	r.State.Idle = snapshot.Idle(d.byte("idle", byte(snapshot.IdleUnknown), byte(snapshot.IdleYes)))
	d.open(&r.State)
	r.Sent = d.counts()
	r.Received = d.counts()
	return r
}

func (d *pieceDecoder) stored() snapshot.Stored {
	return snapshot.Stored{
		Process: d.process, Incarnation: d.incarnation,
		Store: d.name("store"), Error: d.text("error"), Summary: d.bytes("summary"),
	}
}

func (d *pieceDecoder) failed() snapshot.Failed {
	return snapshot.Failed{
		Process: snapshot.ProcessID(d.name("process")),
		Reason:  snapshot.Reason(d.name("reason")),
		Detail:  d.text("detail"),
	}
}

func (d *pieceDecoder) timed() snapshot.Timed {
	t := snapshot.Timed{Process: d.process, Incarnation: d.incarnation, Times: snapshot.NoTimes()}
	for _, at := range t.Times.Stages() {
		if d.byte("stage", 0, 1) == 1 {
			*at = d.duration("stage")
		}
	}
	return t
}

// about decodes a list of at most one item.
func (d *decoder) about() *snapshot.About {
	if d.byte("about", 0, 1) == 0 {
		return nil
	}
	a := &snapshot.About{Settled: d.name("settled"), Printed: d.uint("printed"), Unanswered: d.uint("unanswered")}
	if a.Settled == "" {
		d.check(errors.New("settled is empty"))
	}
	return a
}

// open decodes a list of at most one item.
func (d *decoder) open(s *snapshot.State) {
	if d.byte("open", 0, 1) == 0 {
		return
	}
	s.OpenTotal = d.uint("open total")
	n := d.items("open requests", 3)
	if n > snapshot.OpenMax {
		d.fail("%d open requests, more than %d", n, snapshot.OpenMax)
		return
	}
	s.Open = make([]snapshot.OpenRequest, 0, n)
	for range n {
		if d.err != nil {
			return
		}
		s.Open = append(s.Open, snapshot.OpenRequest{
			From: snapshot.ProcessID(d.name("from")), MsgID: d.name("msg_id"), Since: d.duration("since"),
		})
	}
	d.check(s.CheckOpen())
}

func (d *decoder) counts() []snapshot.Count {
	var counts []snapshot.Count
	n := d.items("counts", 2)
	if n > 0 {
		counts = make([]snapshot.Count, 0, min(n, preallocMax))
	}
	for range n {
		if d.err != nil {
			break
		}
		peer := snapshot.ProcessID(d.name("peer"))
		counts = append(counts, snapshot.Count{Peer: peer, N: d.uint("count")})
	}
	return counts
}

// A batch or a reset takes more memory than bytes of its section. So a closed piece has at
// most resetsMax resets, and at most batchesMin batches and one for each batchBytes bytes.
const (
	batchesMin = 16
	batchBytes = 1 << 10
	resetsMax  = 64
)

func (d *pieceDecoder) closed() snapshot.Closed {
	c := snapshot.Closed{Process: d.process, Incarnation: d.incarnation}
	c.Outgoing = d.byte("outgoing", 0, 1) == 1
	c.Channel = snapshot.Channel{From: snapshot.ProcessID(d.name("peer")), To: d.process}
	if c.Outgoing {
		c.Channel.From, c.Channel.To = c.Channel.To, c.Channel.From
	}
	c.Peer = snapshot.Incarnation(d.name("peer's incarnation"))
	c.MarkerAfter = d.duration("marker after")
	batches := d.items("batches", 3)
	if most := batchesMin + len(d.rest)/batchBytes; batches > most {
		d.fail("%d batches, more than %d", batches, most)
		return c
	}
	for range batches {
		first := d.uint("first")
		count := d.uint("count")
		body := d.bytes("body")
		// After an error all of them are zero, so that this ends the loop too.
		if count > uint64(len(body)) || first == 0 || first+count < first {
			d.check(fmt.Errorf("%d messages from %d on in %d bytes", count, first, len(body)))
			break
		}
		batch := snapshot.Batch{First: first, Count: int(count), Body: body}
		d.check(batch.Check(MessageMax))
		c.Messages = append(c.Messages, batch)
	}
	resets := d.items("resets", 4)
	if resets > resetsMax {
		d.fail("%d resets, more than %d", resets, resetsMax)
		return c
	}
	for range resets {
		if d.err != nil {
			break
		}
		c.Resets = append(c.Resets, snapshot.Reset{
			Process:     snapshot.ProcessID(d.name("process")),
			Incarnation: snapshot.Incarnation(d.name("incarnation")),
			Discarded:   d.uint("discarded"),
			Unknown:     d.byte("unknown", 0, 1) == 1,
		})
	}
	return c
}
