package sim

import (
	"fmt"

	"chandy/snapshot"
	"chandy/wire"
)

// asked is a request of a client.
type asked struct {
	at      snapshot.ProcessID
	text    []byte // of the data replies
	end     []byte // body of the end reply
	refused string // why there is no end reply, or empty
	ended   bool
	request wire.Request
	conn    *end // the client's end of the connection
}

// ask connects a client to a node. When the node welcomes it, the client sends its request.
func (w *world) ask(at snapshot.ProcessID, request wire.Control) *asked {
	t := &asked{at: at}
	n := w.nodes[at]
	if n.down {
		t.refused, t.ended = "the node is down", true
		return t
	}
	var there *end
	there = n.accept("", func(f wire.Frame) { t.receive(there, f) }, func(err error) {
		if !t.ended {
			t.refused, t.ended = fmt.Sprintf("the connection ended: %v", err), true
		}
	})
	body, err := wire.EncodeControl(request)
	if err != nil {
		panic("bug: " + err.Error())
	}
	t.request, t.conn = wire.Request{Number: 1, Body: body}, there
	there.write([]wire.Frame{
		wire.Hello{Role: wire.RoleControl, VersionMin: wire.Version, VersionMax: wire.Version, Cluster: w.cluster.Name, To: at},
	}, false)
	return t
}

// leave ends the client, whatever its request has come to.
func (t *asked) leave() {
	if t.conn != nil {
		t.ended = true
		t.conn.close(nil)
	}
}

// receive handles a frame from the node.
func (t *asked) receive(e *end, f wire.Frame) {
	switch f := f.(type) {
	case wire.Welcome:
		e.write([]wire.Frame{t.request}, false)
	case wire.Refuse:
		t.refused, t.ended = f.Text, true
	case wire.Reply:
		switch f.Kind {
		case wire.KindData:
			t.text = append(t.text, f.Body...)
		case wire.KindError:
			t.refused, t.ended = string(f.Body), true
		case wire.KindEnd:
			t.end, t.ended = append([]byte{}, f.Body...), true
			e.close(nil)
		}
	}
}
