package core

import (
	"fmt"
	"io"
	"slices"

	"chandy/wire"
)

// result is what a client has asked for, while the node holds it.
type result struct {
	bytes    int
	snapshot bool // counts in the memory of the node
}

// hold counts a result until the node has written or dropped it.
func (c *Core) hold(r *result) { c.results[r] = true }

// held returns how many bytes the results have that are snapshots, and the others.
func (c *Core) held() (snapshots, others int) {
	for r := range c.results {
		if r.snapshot {
			snapshots += r.bytes
		} else {
			others += r.bytes
		}
	}
	return snapshots, others
}

// reply sends the result of a call or a status request, and then an end reply with body
// end.
func (s *session) reply(number uint64, data, end []byte) {
	r := &result{bytes: len(data)}
	if _, held := s.core.held(); len(data) > inlineMax && held > 0 && held+len(data) > ClientBytes(s.core.Cluster) {
		s.fail(number, wire.CodeLimit, fmt.Sprintf("replies of %d MiB wait for clients to read them", held>>20))
		return
	}
	write := func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
	s.deliver(number, r, len(data), write, func() {
		s.finish(wire.Reply{Number: number, Kind: wire.KindEnd, Body: end})
	})
}

// deliver sends the result that write writes, of about size bytes, and then calls done. A
// small result is written at once. A client that has gone gets nothing.
func (s *session) deliver(number uint64, r *result, size int, write func(io.Writer) error, done func()) {
	c := s.core
	c.hold(r)
	stream := Stream{Conn: s.conn, Number: number, Write: write, Then: func(err error) {
		delete(c.results, r)
		if err != nil { // usually the connection has ended
			c.hangUp(s.conn, false, err)
			return
		}
		done()
	}}
	switch {
	case s.ended:
		delete(c.results, r)
	case size <= inlineMax:
		stream.Then(stream.Replies(func(r wire.Reply) error {
			r.Body = slices.Clone(r.Body)
			s.write(r)
			return nil
		}))
	default:
		c.emit(stream)
	}
}

// Replies calls s.Write, and calls reply with each data reply. The body of a reply is
// valid until reply returns. Write receives the error of reply. A reply with an empty body
// must not be sent: it asks only whether the client can still be written to.
func (s Stream) Replies(reply func(wire.Reply) error) error {
	w := replyWriter{number: s.Number, reply: reply}
	if err := s.Write(&w); err != nil {
		return err
	}
	if len(w.chunk) == 0 {
		return nil
	}
	return w.send(w.chunk)
}

// replyWriter cuts what is written to it into data replies.
type replyWriter struct {
	number uint64
	reply  func(wire.Reply) error
	chunk  []byte // of the next reply
}

func (w *replyWriter) Write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, w.send(nil)
	}
	for rest := b; len(rest) > 0; {
		if len(w.chunk) == 0 && len(rest) >= wire.ChunkMax {
			if err := w.send(rest[:wire.ChunkMax]); err != nil {
				return 0, err
			}
			rest = rest[wire.ChunkMax:]
			continue
		}
		n := min(len(rest), wire.ChunkMax-len(w.chunk))
		w.chunk = append(w.chunk, rest[:n]...)
		rest = rest[n:]
		if len(w.chunk) == wire.ChunkMax {
			if err := w.send(w.chunk); err != nil {
				return 0, err
			}
			w.chunk = w.chunk[:0]
		}
	}
	return len(b), nil
}

func (w *replyWriter) send(body []byte) error {
	return w.reply(wire.Reply{Number: w.number, Kind: wire.KindData, Body: body})
}
