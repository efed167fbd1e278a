package core

import (
	"errors"
	"fmt"
	"slices"

	"chandy/snapshot"
	"chandy/wire"
)

// contributor is a connection on which another process sends its parts to this
// assembler. Its end at the other process is an uplink.
type contributor struct {
	epoch       *epoch
	conn        ConnID
	peer        snapshot.ProcessID
	incarnation snapshot.Incarnation   // of the peer, by its hello
	sections    map[sectionID]*section // sections of which chunks have come
	bytes       int                    // in sections, and sectionBytes for each of them
}

const (
	// sectionBytes is what an unfinished section counts for, besides its bytes.
	sectionBytes = 4 << 10
	// otherPieces is how many pieces of a section may be something else than a Closed:
	// a Recorded or a Failed, and pieces of later versions.
	otherPieces = 16
)

type sectionID struct {
	snapshot snapshot.ID
	section  uint64
}

// openAssembly accepts a connection as a contributor's, in place of the one that the peer
// has. A node opens another one only when the one before has ended.
func (e *epoch) openAssembly(conn ConnID, peer snapshot.ProcessID, incarnation snapshot.Incarnation) {
	c, p := e.core, e.peers[peer]
	if p.contributor != nil {
		c.hangUp(p.contributor.conn, false, errReplaced)
	}
	p.contributor = &contributor{epoch: e, conn: conn, peer: peer, incarnation: incarnation, sections: map[sectionID]*section{}}
	c.handle(conn, p.contributor)
	c.watchAlive(conn)
	c.emit(Accept{conn, PeerLongest})
	c.write(conn, wire.Welcome{Version: wire.Version, Epoch: e.number, Incarnation: c.Incarnation})
}

func (o *contributor) String() string {
	return fmt.Sprintf("assembly %s->%s", o.peer, o.epoch.core.self)
}

func (o *contributor) closed(error) {
	o.epoch.peers[o.peer].contributor = nil
	for _, a := range o.epoch.assemblies {
		a.contributors = slices.DeleteFunc(a.contributors, func(one *contributor) bool { return one == o })
	}
}

func (o *contributor) frame(f wire.Frame) error {
	switch f := f.(type) {
	case wire.Chunk:
		return o.chunk(f)
	case wire.Join:
		return o.join(f)
	}
	return fmt.Errorf("%s does not belong here", f.Type())
}

func (o *contributor) chunk(f wire.Chunk) error {
	if f.Process != o.peer {
		return fmt.Errorf("a part of %s from %s", f.Process, o.peer)
	}
	a := o.epoch.assemblies[f.Snapshot]
	if a == nil { // it has ended: the sender must forget it
		if f.Last {
			o.outcome(f.Snapshot, wire.StatusUnknown)
		}
		return nil
	}
	if !slices.Contains(a.contributors, o) {
		a.contributors = append(a.contributors, o)
	}
	whole, err := o.section(f)
	if err != nil || whole == nil {
		return err
	}
	o.decode(a, whole)
	return nil
}

// decoded is what the bytes of a section mean.
type decoded struct {
	pieces []snapshot.Piece
	err    error
}

// decode decodes a whole section, and hands its pieces to the snapshot. A large section is
// decoded off the loop.
func (o *contributor) decode(a *assembling, s *section) {
	e, t := o.epoch, o.epoch.core.topology
	most := len(t.In(o.peer)) + len(t.Out(o.peer)) + otherPieces
	decode := func() any {
		pieces, err := wire.DecodeSection(o.peer, o.incarnation, s.chunks, most)
		return decoded{pieces, err}
	}
	a.decoding += s.bytes
	e.work(s.bytes, decode, func(result any) {
		a.decoding -= s.bytes
		d := result.(decoded)
		if d.err == nil {
			e.collect(a.ID, d.pieces)
		} else if one := e.core.conns[o.conn]; one != nil && one.handler == handler(o) {
			e.core.violation(o.conn, o, d.err)
		}
	})
}

// section adds a chunk to its section. It returns the section if it is whole now. A whole
// section of at most wire.LentMax bytes may lie in the memory of the frame, which is valid
// only during this step.
func (o *contributor) section(f wire.Chunk) (whole *section, err error) {
	key := sectionID{f.Snapshot, f.Section}
	s := o.sections[key]
	if s == nil && f.Last && f.Len() <= wire.LentMax {
		return &section{chunks: f.Bytes, bytes: f.Len()}, nil
	}
	if s == nil {
		s = &section{}
		o.sections[key] = s
		o.bytes += sectionBytes
	}
	o.epoch.grew(f.Len())
	if o.bytes += f.Len(); o.bytes > PartMax {
		return nil, fmt.Errorf("unfinished sections of more than %d bytes", PartMax)
	}
	for _, bytes := range f.Bytes {
		s.add(bytes)
	}
	if !f.Last {
		return nil, nil
	}
	o.drop(key)
	return s, nil
}

// drop frees a section.
func (o *contributor) drop(key sectionID) {
	o.bytes -= o.sections[key].bytes + sectionBytes
	delete(o.sections, key)
}

// dropAll frees the sections of a snapshot.
func (o *contributor) dropAll(id snapshot.ID) {
	for key := range o.sections {
		if key.snapshot == id {
			o.drop(key)
		}
	}
}

// outcome sends the contributor what became of a snapshot.
func (o *contributor) outcome(id snapshot.ID, status string) {
	if _, open := o.epoch.core.conns[o.conn]; open {
		o.epoch.core.writeAhead(o.conn, wire.Outcome{Snapshot: id, Status: status})
	}
}

// join makes this process one of the initiators of a snapshot that the peer assembles.
func (o *contributor) join(f wire.Join) error {
	e := o.epoch
	if f.Assembler != o.peer {
		return fmt.Errorf("asked by %s for a snapshot of %s", o.peer, f.Assembler)
	}
	start := e.startOf(f.Snapshot, f.Assembler, f.TimeLeft, f.Wants)
	effects, err := e.recorder.Initiate(start)
	switch {
	case errors.Is(err, snapshot.ErrKnown):
		return nil
	case err != nil:
		failed := snapshot.Failed{Process: e.core.self, Reason: snapshot.Refused, Detail: err.Error()}
		e.report(snapshot.Report{Start: start, Piece: failed, Last: true})
		return nil
	}
	e.obey(effects)
	e.begun()
	return nil
}
