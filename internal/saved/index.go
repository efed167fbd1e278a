package saved

import (
	"chandy/snapshot"
)

// index is the last line of a part.
type index struct {
	Format      string               `json:"format"`
	Snapshot    snapshot.ID          `json:"snapshot"`
	Process     snapshot.ProcessID   `json:"process"`
	Incarnation snapshot.Incarnation `json:"incarnation"`
	State       stateIndex           `json:"state"`
	Out         []outIndex           `json:"out"`
	In          []inIndex            `json:"in"`
	Clients     []ClientRequest      `json:"clients"`
	ClientCount uint64               `json:"client_count"`
	Asked       []AskedRequest       `json:"asked"`
}

const partFormat = "chandy/part.v1"

// stateIndex describes the state, with what the snapshot document has about it.
type stateIndex struct {
	Bytes     uint64      `json:"bytes"`
	Kind      string      `json:"kind"` // "bytes", or "error": the bytes mean nothing
	Error     string      `json:"error,omitempty"`
	About     *aboutIndex `json:"about,omitempty"`
	Idle      *bool       `json:"idle,omitempty"`
	Open      []openIndex `json:"open,omitzero"`
	OpenTotal uint64      `json:"open_total,omitempty"`
}

type aboutIndex struct {
	Settled    string `json:"settled"`
	Printed    uint64 `json:"printed_before_reply"`
	Unanswered uint64 `json:"unanswered"`
}

type openIndex struct {
	From    snapshot.ProcessID `json:"from"`
	MsgID   string             `json:"msg_id,omitempty"`
	SinceMS float64            `json:"since_ms"`
}

// outIndex and inIndex have a run of messages for each batch: the number of the first one,
// how many there are, and how long the body is.
type outIndex struct {
	To          snapshot.ProcessID   `json:"to"`
	Incarnation snapshot.Incarnation `json:"incarnation"`
	Acked       uint64               `json:"acked"`
	Sent        uint64               `json:"sent"`
	SentBytes   uint64               `json:"sent_bytes"`
	Messages    [][3]uint64          `json:"messages"`
}

type inIndex struct {
	From          snapshot.ProcessID   `json:"from"`
	Incarnation   snapshot.Incarnation `json:"incarnation"`
	Received      uint64               `json:"received"`
	Sent          uint64               `json:"sent"`
	ReceivedBytes uint64               `json:"received_bytes"`
	Messages      [][3]uint64          `json:"messages"`
}

// index returns the index of a trimmed part.
func (p *Part) index(stateBytes uint64, stateError string) index {
	x := index{
		Format: partFormat, Snapshot: p.Snapshot, Process: p.Process, Incarnation: p.Incarnation,
		State: describeState(p.State, stateBytes, stateError),
		Out:   make([]outIndex, 0, len(p.Out)), In: make([]inIndex, 0, len(p.In)),
		Clients: append([]ClientRequest{}, p.Clients...), ClientCount: p.ClientCount, Asked: append([]AskedRequest{}, p.Asked...),
	}
	for _, o := range p.Out {
		x.Out = append(x.Out, outIndex{o.To, o.Peer, o.Acked, o.Sent, o.SentBytes, runs(o.Messages)})
	}
	for _, i := range p.In {
		x.In = append(x.In, inIndex{i.From, i.Peer, i.Received, i.Sent, i.ReceivedBytes, runs(i.Messages)})
	}
	return x
}

func runs(batches []snapshot.Batch) [][3]uint64 {
	r := make([][3]uint64, 0, len(batches))
	for _, b := range batches {
		r = append(r, [3]uint64{b.First, uint64(b.Count), uint64(len(b.Body))})
	}
	return r
}

func describeState(s snapshot.State, bytes uint64, why string) stateIndex {
	x := stateIndex{Bytes: bytes, Kind: "bytes", OpenTotal: s.OpenTotal}
	if why != "" {
		x.Kind, x.Error = "error", why
	}
	if a := s.About; a != nil {
		x.About = &aboutIndex{a.Settled, a.Printed, a.Unanswered}
	}
	if s.Idle != snapshot.IdleUnknown {
		idle := s.Idle == snapshot.IdleYes
		x.Idle = &idle
	}
	if s.Open != nil {
		x.Open = []openIndex{}
	}
	for _, o := range s.Open {
		x.Open = append(x.Open, openIndex{o.From, o.MsgID, MS(o.Since)})
	}
	return x
}

// state returns the state that an index describes.
func (x stateIndex) state(bytes []byte) snapshot.State {
	s := snapshot.State{Bytes: bytes, OpenTotal: x.OpenTotal}
	if x.Kind == "error" {
		s.Bytes, s.Error = nil, x.Error
	}
	if a := x.About; a != nil {
		s.About = &snapshot.About{Settled: a.Settled, Printed: a.Printed, Unanswered: a.Unanswered, SettledAt: snapshot.Never, AskedAt: snapshot.Never}
	}
	if x.Idle != nil {
		s.Idle = snapshot.IdleIf(*x.Idle)
	}
	if x.Open != nil {
		s.Open = []snapshot.OpenRequest{}
	}
	for _, o := range x.Open {
		s.Open = append(s.Open, snapshot.OpenRequest{From: o.From, MsgID: o.MsgID, Since: fromMS(o.SinceMS)})
	}
	return s
}
