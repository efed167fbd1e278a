package sim

import (
	"encoding/json"
	"fmt"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// taken is a snapshot that a client asked for.
type taken struct {
	at      snapshot.ProcessID
	text    []byte
	end     wire.EndReply
	refused string // why there is no snapshot, or empty
	ended   bool
	request wire.Request
	conn    *end // the client's end of the connection
}

// ask connects a client to a node. When the node welcomes it, the client requests a
// snapshot.
func (w *world) ask(at snapshot.ProcessID, timeout time.Duration) *taken {
	t := &taken{at: at}
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
	request, err := json.Marshal(map[string]any{"type": "initiate", "timeout_ms": timeout.Milliseconds(), "compact": true, "journal": w.steps%2 == 0, "save": w.steps%3 == 0})
	if err != nil {
		panic("bug: " + err.Error())
	}
	t.request, t.conn = wire.Request{Number: 1, Body: request}, there
	there.write([]wire.Frame{
		wire.Hello{Role: wire.RoleControl, VersionMin: wire.Version, VersionMax: wire.Version, Cluster: w.cluster.Name, To: at},
	}, false)
	return t
}

// leave ends the client, whatever its snapshot has come to.
func (t *taken) leave() {
	if t.conn != nil {
		t.ended = true
		t.conn.close(nil)
	}
}

// receive handles a frame from the node.
func (t *taken) receive(e *end, f wire.Frame) {
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
			t.ended = true
			if err := json.Unmarshal(f.Body, &t.end); err != nil {
				panic("bug: " + err.Error())
			}
			e.close(nil)
		}
	}
}
