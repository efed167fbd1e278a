package channel

import (
	"encoding/binary"
	"fmt"
	"slices"

	"chandy/internal/explore"
	"chandy/snapshot"
	"chandy/wire"
)

// frame is what travels on a connection of a channel: hello, data and markers to
// the receiver, a welcome and acknowledgements back.
type frame struct {
	kind        frameKind
	incarnation snapshot.Incarnation // of hello, pong and welcome
	known       snapshot.Incarnation // of ping and pong: that of the dialler which the listener knew when it pinged
	at          wire.Position        // of welcome and ack
	data        wire.Data
	marker      Marker
}

type frameKind uint8

const (
	hello frameKind = iota
	ping            // before the welcome: are you alive? see step.greeted
	pong
	welcome
	dataFrame
	markerFrame
	ack
)

func (f frame) append(b []byte) []byte {
	b = append(b, byte(f.kind))
	b = explore.AppendText(b, f.incarnation)
	b = explore.AppendText(b, f.known)
	b = appendPosition(b, f.at)
	b = appendBatch(b, f.data.Batch)
	b = binary.AppendUvarint(b, f.data.Stamp)
	return appendMarker(b, f.marker)
}

func (f frame) String() string {
	switch f.kind {
	case hello:
		return "hello of " + string(f.incarnation)
	case ping:
		return "ping"
	case pong:
		return "pong of " + string(f.incarnation)
	case welcome:
		return fmt.Sprintf("welcome of %s at %+v", f.incarnation, f.at)
	case dataFrame:
		return fmt.Sprintf("messages %d-%d after marker %d", f.data.First, f.data.Last(), f.data.Stamp)
	case markerFrame:
		return fmt.Sprintf("%s (ordinal %d)", f.marker.Marker, f.marker.Ordinal)
	}
	return fmt.Sprintf("ack %+v", f.at)
}

// conn is one connection of a channel with what is in flight on it.
//
// Some orders are left out because others have the same outcome:
//   - What is in flight to the receiver when the sender ends its connection could
//     have arrived before; so it is lost. Only a hello, or a pong, may come late: the
//     receiver may know other things then.
//   - A connection that breaks has ended for its sender at once. What it would write
//     until it notices is lost, and is sent again after Resume.
//   - The receiver never notices the end. A receiver that notices stops to
//     acknowledge. Orders in which it does not acknowledge, or its acknowledgement is
//     lost, are explored anyway. The next connection replaces the old one.
type conn struct {
	forth, back []uint16 // frames to the receiver and to the sender, by number
	dialler     bool     // the sender's end is open
	listener    listenerEnd
}

type listenerEnd uint8

const (
	unseen   listenerEnd = iota // the hello was not read yet
	asked                       // the hello was read, and the dialler must answer
	attached                    // this is the connection of the receiver
	closed                      // refused, replaced or ended
)

// connections is all connections of one channel, in the order in which they were dialled.
// The last one is the sender's own, if its end is open. What was in flight on an
// earlier one may still arrive.
type connections []conn

// opKind is what a step of a process does to the wire of one of its channels.
type opKind uint8

const (
	dials          opKind = iota // with a frame: the hello
	pushForth                    // with a frame, on the sender's own connection
	pushBack                     // with a frame, on the attached connection
	asks                         // with a frame, on the connection of the step: the dialler has to answer
	accepts                      // the connection of the step: it is attached, and the one before it closed
	refuses                      // the connection of the step
	closesDialler                // the sender's own connection ends
	losesDialler                 // likewise, and a hello that is in flight is lost
	closesListener               // the receiver ends the attached connection
	// Those of the network:
	popForth
	popBack
	sweeps // connections that can have no effect are forgotten
	resets // the connection breaks, and another one is attached at once
)

func (w connections) clone() connections {
	w = slices.Clone(w)
	for i := range w {
		w[i].forth, w[i].back = slices.Clip(w[i].forth), slices.Clip(w[i].back)
	}
	return w
}

// own returns the index of the sender's connection, -1 if there is none.
func (w connections) own() int {
	if n := len(w); n > 0 && w[n-1].dialler {
		return n - 1
	}
	return -1
}

// ended reports whether the receiver has closed the sender's connection and no frame
// will come back.
func (w connections) ended() bool {
	k := w.own()
	return k >= 0 && w[k].listener == closed && len(w[k].back) == 0
}

func (w connections) attached() int {
	return slices.IndexFunc(w, func(c conn) bool { return c.listener == attached })
}

// apply returns the wire after an operation. If the operation alone does not say
// which connection it is about, k does.
func (w connections) apply(op opKind, k int, item uint16) connections {
	w = w.clone()
	switch op {
	case dials:
		w = append(w, conn{dialler: true, forth: []uint16{item}})
	case pushForth:
		if c := &w[w.own()]; c.listener != closed {
			c.forth = append(c.forth, item)
		}
	case pushBack:
		if c := &w[w.attached()]; c.dialler {
			c.back = append(c.back, item)
		}
	case asks:
		c := &w[k]
		c.listener, c.forth = asked, c.forth[1:]
		if c.dialler {
			c.back = append(c.back, item)
		}
	case accepts:
		if old := w.attached(); old >= 0 {
			w[old].endListener()
		}
		w[k].listener, w[k].forth = attached, w[k].forth[1:] // the hello or the pong was read
	case refuses:
		w[k].endListener()
	case closesDialler, losesDialler:
		c := &w[w.own()]
		c.dialler, c.back = false, nil
		if op == losesDialler || c.listener == attached {
			c.forth = nil
		}
	case closesListener:
		w[w.attached()].endListener()
	case popForth:
		w[k].forth = w[k].forth[1:]
	case popBack:
		w[k].back = w[k].back[1:]
	case resets:
		w = connections{{dialler: true, listener: attached}}
	case sweeps:
		w = slices.DeleteFunc(w, conn.gone)
	}
	return w
}

func (c *conn) endListener() { c.listener, c.forth = closed, nil }

// gone reports whether a connection can have no effect any more.
func (c conn) gone() bool {
	return !c.dialler && (c.listener == closed || c.listener < attached && len(c.forth) == 0)
}

func (w connections) append(b []byte) []byte {
	for _, c := range w {
		b = append(b, byte(bit(c.dialler)), byte(c.listener))
		for _, frames := range [][]uint16{c.forth, c.back} {
			b = append(b, byte(len(frames)))
			for _, item := range frames {
				b = binary.LittleEndian.AppendUint16(b, item)
			}
		}
	}
	return b
}

// wires numbers all wires and frames that occur in an exploration, and holds what
// operations make of a wire. Wire 0 has no connection.
type wires struct {
	all    explore.Table[*wireNode]
	frames explore.Table[frame]
	key    []byte // buffer for an encoding
}

type wireNode struct {
	connections
	gone     bool // a connection can have no effect any more
	outcomes explore.Memo[wireOp, uint32]
}

type wireOp struct {
	op   opKind
	k    uint8
	item uint16
}

func newWires() *wires {
	ws := &wires{}
	ws.intern(nil)
	return ws
}

func (ws *wires) at(w world, c int) connections { return ws.all.All[w.wires[c]].connections }

func (ws *wires) intern(w connections) uint32 {
	ws.key = w.append(ws.key[:0])
	return ws.all.Number(ws.key, func() *wireNode { return &wireNode{connections: w, gone: slices.ContainsFunc(w, conn.gone)} })
}

// item returns the number of a frame.
func (ws *wires) item(f frame) uint16 {
	ws.key = f.append(ws.key[:0])
	number := ws.frames.Number(ws.key, func() frame { return f })
	if number >= 1<<16 {
		panic("bug: too many different frames")
	}
	return uint16(number)
}

func (ws *wires) apply(number uint32, op opKind, k int, item uint16) uint32 {
	n := ws.all.All[number]
	if op == sweeps && !n.gone {
		return number
	}
	key := wireOp{op, uint8(k), item}
	if to := n.outcomes.Find(key); to != nil {
		return *to
	}
	return *n.outcomes.Add(key, ws.intern(n.connections.apply(op, k, item)))
}
