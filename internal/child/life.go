package child

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"chandy/internal/maelstrom"
	"chandy/snapshot"
	"chandy/wire"
)

// initBody is the first message to a child.
type initBody struct {
	Type      string               `json:"type"` // "init"
	NodeID    snapshot.ProcessID   `json:"node_id"`
	NodeIDs   []snapshot.ProcessID `json:"node_ids"`
	Restoring bool                 `json:"restoring,omitempty"` // a restore follows
}

// topologyBody tells a child the channels between children, without those to
// themselves.
type topologyBody struct {
	Type     string                                      `json:"type"` // "topology"
	Topology map[snapshot.ProcessID][]snapshot.ProcessID `json:"topology"`
}

// begin says init to a child that has started.
func (x *Program) begin() {
	x.log.Info().Int("pid", x.child.PID()).Strs("command", x.settings.Command).Msg("child started")
	x.init.Restoring = x.restored != nil
	x.introduce("init", mustJSON(x.init), func() {
		if x.restored == nil {
			x.run()
			return
		}
		restore := maelstrom.AddMember([]byte(`{"type":"restore"}`), "state", x.restored)
		x.introduce("restore", restore, x.run)
	})
}

// introduce sends a request that a child must answer to be one, and calls
// then after the answer.
func (x *Program) introduce(name string, body []byte, then func()) {
	x.timer = x.after(x.settings.InitTimeout, func() {
		if !x.ready {
			x.fail(fmt.Errorf("the child has not answered %s within %v (init_timeout): does it flush its output?", name, x.settings.InitTimeout))
		}
	})
	x.ask(body, func(reply maelstrom.Line) {
		x.timer.Stop()
		if reply.Type == "error" {
			x.fail(fmt.Errorf("the child refuses %s: %s", name, maelstrom.Printable(reply.Body, quoteMax)))
			return
		}
		then()
	})
}

// run lets a child that has answered init take part: what it has printed before
// goes out, what waits for it comes in.
func (x *Program) run() {
	x.ready = true
	if x.topology != nil {
		x.ask(x.topology, func(reply maelstrom.Line) {
			if reply.Type == "error" {
				x.log.Warn().Str("reply", maelstrom.Printable(reply.Body, quoteMax)).Msg("the child refuses topology")
			}
		})
	}
	kept := x.kept
	x.kept, x.keptLen = nil, 0
	for _, line := range kept {
		if l, err := maelstrom.Parse(line); err == nil {
			x.route(line, l)
		}
	}
	x.hold()
	if c := x.capture; c != nil && c.stage == writing {
		x.enter(writing, x.settings.StateTimeout, x.stuck)
	}
	x.advance()
}

// ask sends a request of the node's own. It returns the msg_id; who no longer wants
// the reply deletes it from asked.
func (x *Program) ask(body []byte, replied func(maelstrom.Line)) (id string) {
	x.number++
	id = strconv.Itoa(x.number)
	x.asked[id] = replied
	x.write(maelstrom.AppendLine(nil, own, x.id, maelstrom.AddMember(body, "msg_id", []byte(id))))
	return id
}

// keep keeps a line that was printed before init_ok.
func (x *Program) keep(line []byte) {
	if x.keptLen += len(line); x.keptLen > wire.MessageMax {
		x.fail(fmt.Errorf("the child has printed more than %d bytes without answering init", wire.MessageMax))
		return
	}
	if x.init.Restoring { // whatever it is, it does not come from the state
		return
	}
	x.kept = append(x.kept, append([]byte(nil), line...))
}

// after calls f on the loop. The node's own timers do not fire while a state is
// being captured.
func (x *Program) after(d time.Duration, f func()) *time.Timer {
	return time.AfterFunc(d, func() { x.process.Do(f) })
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("bug: " + err.Error())
	}
	return b
}
