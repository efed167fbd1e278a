package child

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"chandy/internal/maelstrom"
	"chandy/internal/printable"
	"chandy/snapshot"
)

// initBody is the first message to a child.
type initBody struct {
	Type    string               `json:"type"` // "init"
	NodeID  snapshot.ProcessID   `json:"node_id"`
	NodeIDs []snapshot.ProcessID `json:"node_ids"` // all children, in the order of the cluster file
	// The members below are sent to a child that is restored.
	Restoring    bool        `json:"restoring,omitempty"`     // a restore follows
	Epoch        uint64      `json:"epoch,omitempty"`         // in which the child goes on
	RestoredFrom snapshot.ID `json:"restored_from,omitempty"` // the snapshot that has the state
}

// begin sends init to the child that has started, and then restore if there is a state
// to restore.
func (x *Program) begin() {
	x.log.Info().Int("pid", x.child.PID()).Strs("command", x.settings.Command).Msg("child started")
	then := x.arrange
	if x.init.Restoring {
		then = x.restore
	}
	x.prepare("init", mustJSON(x.init), then)
}

// slowInit is when the log says that the child has not answered init or restore yet.
// init_timeout is longer, because a busy machine can take a while to start many children.
const slowInit = 5 * time.Second

// prepare sends a request that the child must answer before it is ready, and calls then
// after the answer. The node fails if the child refuses, or does not answer in time.
func (x *Program) prepare(name string, body []byte, then func()) {
	x.preparing = name
	slow := x.after(slowInit, func() {
		if !x.ready && x.preparing == name {
			x.log.Warn().Msg("the child has not answered " + name + " yet: " + x.silence())
		}
	})
	x.timer = x.after(x.settings.InitTimeout, func() {
		if !x.ready {
			x.fail(fmt.Errorf("the child has not answered %s within %v (init_timeout): %s", name, x.settings.InitTimeout, x.silence()))
		}
	})
	x.ask(body, func(reply maelstrom.Line) {
		x.timer.Stop()
		slow.Stop()
		if reply.Type == "error" {
			x.fail(fmt.Errorf("the child refuses %s: %s", name, printable.Start(reply.Body, quoteMax)))
			return
		}
		then()
	})
}

// run makes the child ready. Messages that were kept, and then those in the inbox, are
// handed to it.
func (x *Program) run() {
	x.ready = true
	x.restoring.state = nil // it was kept for startsAgain
	kept := x.early.kept
	x.early = early{}
	for _, m := range kept {
		x.receive(m.call, m.from, m.payload)
	}
	x.hold()
	if x.capture != nil { // its stage is writing, without a time limit until now
		x.enter(writing, x.settings.StateTimeout, x.notRead)
	}
	x.advance()
}

// ask sends a request of the node itself, and calls replied with the reply. It returns
// the msg_id of the request. A caller that no longer waits for the reply deletes the
// msg_id from x.asked.
func (x *Program) ask(body []byte, replied func(maelstrom.Line)) (id string) {
	x.number++
	id = strconv.Itoa(x.number)
	x.asked[id] = replied
	x.write(maelstrom.AppendLine(nil, own, x.id, maelstrom.AddMember(body, "msg_id", []byte(id))))
	return id
}

// after calls f on the loop once d has passed. Timers of Process.After do not fire while
// a state is being captured, and this one does.
func (x *Program) after(d time.Duration, f func()) *time.Timer {
	return time.AfterFunc(d, func() { x.gate.do(f) })
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("bug: " + err.Error())
	}
	return b
}
