package core

import (
	"maps"
	"slices"
	"strings"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// connect opens a connection from outside. Most hellos are right.
func (h *hostile) connect() {
	in := &h.input
	b := in.byte()
	role := []wire.Role{wire.RoleChannel, wire.RoleChannel, wire.RoleAssembly, wire.RoleControl}[b%4]
	hello := h.right(role, []snapshot.ProcessID{"p2", "p3"}[b>>2&1])
	if another := b >> 3 & 3; another > 0 && role != wire.RoleControl {
		hello.Incarnation = snapshot.Incarnation("abcd"[another : another+1])
	}
	switch b >> 5 {
	case 0:
		hello.From = or(in, hello.From, odd...)
		hello.To = or(in, hello.To, odd...)
		hello.Incarnation = or(in, hello.Incarnation, "", "i1", strings.Repeat("x", wire.NameMax))
	case 1:
		hello.Epoch = in.near(hello.Epoch)
		hello.ConfigHash[0] ^= in.byte()
		hello.VersionMax = uint8(in.near(1))
		hello.Cluster = or(in, hello.Cluster, odd...)
	case 2:
		f, err := wire.Decode(wire.TypeHello, in.bytes())
		if err == nil {
			hello = f.(wire.Hello)
		}
	}
	h.accept(hello)
}

func (h *hostile) accept(hello wire.Hello) {
	h.last--
	h.open[h.last] = true
	h.event(Accepted{Conn: h.last, Remote: "outside", Hello: hello})
}

// talk lets a batch of frames come on a connection.
func (h *hostile) talk() {
	id, ok := h.pickConn(h.readers)
	if !ok {
		return
	}
	var batch []wire.Frame
	for range 1 + h.input.pick(4) {
		if f := legal(h.frame(id)); f != nil {
			batch = append(batch, f)
		}
	}
	h.event(Arrived{id, batch})
}

// flood lets many frames of one kind come on a connection, each in a step of its own, so
// that what is right follows what has come.
func (h *hostile) flood() {
	id, ok := h.pickConn(h.readers)
	if !ok {
		return
	}
	same := slices.Clone(h.input.rest[:min(16, len(h.input.rest))])
	for range 1 + 8*h.input.pick(8) {
		rest := h.input.rest
		h.input.rest = same
		f := legal(h.frame(id))
		h.input.rest = rest
		if f == nil || !h.readers[id] {
			return
		}
		h.event(Arrived{id, []wire.Frame{f}})
		h.step(time.Microsecond)
	}
}

// right returns a hello to which nothing is wrong.
func (h *hostile) right(role wire.Role, from snapshot.ProcessID) wire.Hello {
	hello := wire.Hello{
		Role: role, VersionMin: wire.Version, VersionMax: wire.Version, Cluster: h.Cluster.Name, ConfigHash: h.hash, To: h.self,
	}
	if role != wire.RoleControl {
		hello.Epoch, hello.From, hello.Incarnation = h.epochNumber(), from, "a"
		if h.epoch != nil {
			hello.Incarnation = max(h.epoch.peers[from].Incarnation, hello.Incarnation)
		}
	}
	return hello
}

// initiate takes a snapshot to which both peers contribute.
func (h *hostile) initiate() {
	h.accept(h.right(wire.RoleControl, ""))
	client := h.last
	h.accept(h.right(wire.RoleAssembly, "p2"))
	h.accept(h.right(wire.RoleAssembly, "p3"))
	h.step(time.Microsecond)
	if h.readers[client] {
		body, _ := wire.EncodeControl(wire.InitiateRequest{TimeoutMS: time.Hour.Milliseconds(), Progress: true})
		h.event(Arrived{client, []wire.Frame{wire.Request{Number: 1, Body: body}}})
		h.step(time.Microsecond)
	}
}

// bringUp answers all dials with a right welcome, and connects a channel from each peer.
func (h *hostile) bringUp() {
	h.accept(h.right(wire.RoleChannel, "p2"))
	h.accept(h.right(wire.RoleChannel, "p3"))
	h.step(time.Microsecond)
	for len(h.dials) > 0 {
		h.answerDial(nil)
	}
	h.step(time.Microsecond)
	if h.epoch == nil {
		return
	}
	for _, out := range h.epoch.out {
		if h.readers[out.conn] && !out.up {
			h.event(Arrived{out.conn, []wire.Frame{wire.Welcome{
				Version: wire.Version, Epoch: h.epochNumber(), Incarnation: max(out.peer.Incarnation, "a"),
				Position: wire.Position{Arrived: out.sender.Acked(), Marker: out.sender.Markers() - uint64(out.sender.WaitingMarkers()), Credit: 1 << 16},
			}}})
		}
	}
	for _, up := range h.epoch.uplinks {
		if h.readers[up.conn] && !up.up {
			h.event(Arrived{up.conn, []wire.Frame{wire.Welcome{Version: wire.Version, Epoch: h.epochNumber(), Incarnation: max(up.peer.Incarnation, "a")}}})
		}
	}
	h.step(time.Microsecond)
}

// legal returns a frame as it arrives, or nil if no decoder lets it through.
func legal(f wire.Frame) (arrived wire.Frame) {
	if f == nil {
		return nil
	}
	defer func() { recover() }() // Append refuses what a decoder refuses
	whole := wire.Append(nil, f)
	arrived, _ = wire.Decode(f.Type(), whole[wire.HeaderSize:])
	return arrived
}

// frame returns a frame for a connection: mostly one that belongs there, and nearly right.
func (h *hostile) frame(id ConnID) wire.Frame {
	in := &h.input
	switch b := in.byte(); {
	case b < 16:
		f, err := wire.Decode(wire.Type(1+in.pick(int(wire.TypeReply))), in.bytes())
		if err != nil {
			return nil
		}
		return f
	case b < 32:
		return h.anyFrame()
	case b < 40:
		return wire.Ping{Nonce: uint64(b)}
	case b < 56:
		return wire.Pong{Nonce: in.near(uint64(h.now))}
	}
	one := h.conns[id]
	if one == nil {
		return h.anyFrame()
	}
	switch on := one.handler.(type) {
	case *outgoing:
		position := wire.Position{
			Arrived: in.near(on.sender.Sent()), Received: in.near(0), Marker: in.near(on.sender.Markers()), Credit: in.near(1 << 16),
		}
		if on.up {
			return wire.Ack{Position: position}
		}
		return h.welcome(on.peer, position)
	case *uplink:
		if on.up {
			return wire.Outcome{Snapshot: h.id(), Status: or(in, wire.StatusPartial, wire.StatusComplete, wire.StatusUnknown), Text: "text"}
		}
		return h.welcome(on.peer, wire.Position{})
	case *incoming:
		if in.pick(3) == 0 {
			return h.marker(on)
		}
		return h.data(on)
	case *contributor:
		if in.pick(4) == 0 {
			return wire.Join{Snapshot: h.id(), Assembler: or(in, on.peer, odd...), TimeLeft: h.timeLeft()}
		}
		return h.chunk(on)
	case *takeover:
		return wire.Pong{Nonce: uint64(h.now)}
	case *session:
		return h.request()
	}
	return nil
}

// anyFrame returns a frame of any type.
func (h *hostile) anyFrame() wire.Frame {
	in := &h.input
	number := in.near(1)
	return []wire.Frame{
		wire.Hello{Role: wire.RoleChannel, From: "p2", To: "p1"},
		wire.Welcome{Version: wire.Version, Epoch: h.epochNumber(), Incarnation: "z", Position: wire.Position{Credit: number}},
		wire.Refuse{Code: or(in, wire.Busy, wire.AlreadyConnected, wire.OldIncarnation, "\x1b", ""), Text: string(make([]byte, in.size()))},
		wire.Data{Batch: snapshot.Batch{First: number, Count: 1, Body: []byte{0}}},
		wire.Marker{Ordinal: number, Snapshot: h.id(), Assembler: or[snapshot.ProcessID](in, "p2", odd...), TimeLeft: h.timeLeft()},
		wire.Ack{Position: wire.Position{Arrived: number, Marker: number}},
		wire.Chunk{Snapshot: h.id(), Process: or[snapshot.ProcessID](in, "p2", odd...), Last: true},
		wire.Join{Snapshot: h.id(), Assembler: or[snapshot.ProcessID](in, "p2", odd...), TimeLeft: h.timeLeft()},
		wire.Outcome{Snapshot: h.id(), Status: wire.StatusUnknown},
		wire.Request{Number: number, Body: in.bytes()},
		wire.Reply{Number: number, Kind: wire.KindEnd, Body: in.bytes()},
	}[in.pick(11)]
}

func (h *hostile) welcome(p *peer, at wire.Position) wire.Welcome {
	in := &h.input
	return wire.Welcome{
		Version: uint8(in.near(wire.Version)), Epoch: in.near(h.epochNumber()),
		Incarnation: or(in, max(p.Incarnation, "a"), "a", "b", "c", "i1", ""), Position: at,
	}
}

// id returns the id of a snapshot in progress, an invented one or an odd one.
func (h *hostile) id() snapshot.ID {
	var ids []snapshot.ID
	if h.epoch != nil {
		for _, s := range h.epoch.recorder.InProgress() {
			ids = append(ids, s.ID)
		}
		ids = append(ids, slices.Sorted(maps.Keys(h.epoch.assemblies))...)
	}
	switch b := h.input.byte(); {
	case b < 160 && len(ids) > 0:
		return ids[int(b)%len(ids)]
	case b < 240:
		h.ids++
		return snapshot.ID(NewName(time.Unix(1e9, int64(h.ids)), h.Rand))
	default:
		return snapshot.ID(odd[int(b)%len(odd)])
	}
}

func (h *hostile) timeLeft() time.Duration {
	lefts := []time.Duration{time.Second, time.Millisecond, time.Minute, 0, time.Hour, 100 * 365 * 24 * time.Hour, 1<<63 - 1}
	return lefts[h.input.pick(len(lefts))]
}

func (h *hostile) data(on *incoming) wire.Data {
	in := &h.input
	d := wire.Data{Stamp: in.near(markers(on)), Batch: snapshot.Batch{First: in.near(on.receiver.Arrived() + 1)}}
	for range 1 + in.pick(3) {
		d.Append(make([]byte, in.size()))
	}
	return d
}

func (h *hostile) marker(on *incoming) wire.Marker {
	in := &h.input
	sent := in.near(on.receiver.Arrived())
	return wire.Marker{
		Ordinal: in.near(markers(on) + 1), Snapshot: h.id(), Assembler: or(in, on.peer.id, "p1", "p2", "p3", "p4", ""),
		TimeLeft: h.timeLeft(), Sent: sent, Acked: in.near(sent),
	}
}

// chunk returns a section that is nearly right, or a part of it.
func (h *hostile) chunk(on *contributor) wire.Chunk {
	in := &h.input
	c := wire.Chunk{Snapshot: h.id(), Process: or(in, on.peer, odd...), Section: in.near(0), Last: in.pick(4) > 0}
	if ids := slices.Sorted(maps.Keys(h.epoch.assemblies)); in.pick(4) > 0 && len(ids) > 0 {
		c.Snapshot = ids[0]
	}
	bytes := slices.Concat(wire.Section(on.peer, on.incarnation, h.pieces(on))...)
	switch b := in.byte(); {
	case b < 32:
		bytes = bytes[:int(b)%(len(bytes)+1)]
	case b < 64 && len(bytes) > 0:
		bytes[int(in.byte())%len(bytes)] ^= in.byte()
	case b < 80:
		bytes = in.bytes()
	}
	if len(bytes) > 0 && len(bytes) <= wire.ChunkMax {
		c.Bytes = [][]byte{bytes}
	}
	return c
}

func (h *hostile) pieces(on *contributor) (pieces []snapshot.Piece) {
	in, self := &h.input, on.peer
	number := in.near(0)
	b := in.byte()
	if b&1 != 0 {
		counts := []snapshot.Count{{Peer: "p1", N: number}, {Peer: "p2"}, {Peer: "p3"}}
		pieces = append(pieces, snapshot.Recorded{
			Process: self, Incarnation: on.incarnation, State: snapshot.State{Bytes: make([]byte, in.size())},
			Sent: counts, Received: counts,
		})
	}
	for i, other := range []snapshot.ProcessID{"p1", "p2", "p3"} {
		for _, outgoing := range []bool{true, false} {
			if b&(2<<i) == 0 {
				continue
			}
			c := snapshot.Closed{Process: self, Incarnation: on.incarnation, Outgoing: outgoing, Channel: snapshot.Channel{From: other, To: self}, Peer: or[snapshot.Incarnation](in, "a", "i1")}
			if outgoing {
				c.Channel.From, c.Channel.To = c.Channel.To, c.Channel.From
			}
			if number != 0 {
				batch := snapshot.Batch{First: in.near(number)}
				batch.Append(make([]byte, in.size()))
				c.Messages = []snapshot.Batch{batch}
			}
			pieces = append(pieces, c)
		}
	}
	if b&16 != 0 {
		reason := or(in, snapshot.Refused, string(snapshot.ProcessRestarted), string(snapshot.Inconsistent), "", "\x1b")
		pieces = append(pieces, snapshot.Failed{Process: or(in, self, odd...), Reason: reason, Detail: strings.Repeat("\x01", in.size())})
	}
	return pieces
}

func (h *hostile) request() wire.Request {
	in := &h.input
	r := wire.Request{Number: in.near(1)}
	var control wire.Control
	switch in.pick(6) {
	case 0:
		control = wire.StatusRequest{Wait: in.pick(2) == 0}
	case 1, 2:
		control = wire.InitiateRequest{TimeoutMS: int64(in.near(1000)), Progress: in.pick(2) == 0}
	case 3:
		control = wire.InitiateRequest{At: []snapshot.ProcessID{"p1", or[snapshot.ProcessID](in, "p2", odd...)}}
	case 4:
		control = wire.CallRequest{Request: append(append([]byte{'"'}, strings.Repeat("x", in.size()%(inlineMax+200))...), '"')}
	case 5:
		r.Body = in.bytes()
		return r
	}
	r.Body, _ = wire.EncodeControl(control)
	return r
}

// frameBytes returns how many bytes of messages a frame carries.
func frameBytes(f wire.Frame) int {
	if data, ok := f.(wire.Data); ok {
		return len(data.Body)
	}
	return 0
}

// markers returns the ordinal of the last marker that has arrived.
func markers(on *incoming) uint64 {
	receiver := on.receiver // a copy, because Acknowledge grants credit
	return receiver.Acknowledge().Marker
}
