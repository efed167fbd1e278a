package child

import (
	"bytes"
	"fmt"
	"slices"

	"chandy/internal/maelstrom"
	"chandy/snapshot"
)

// Receive writes a message of another process, or a request of a client, to the child.
// A message to a client of this node is the reply to its request, which this child has
// passed on to another one. It goes to the client.
func (x *Program) Receive(from snapshot.ProcessID, payload []byte) {
	x.calls++
	if x.over || !x.ready && x.early.keep(x.calls, from, payload) {
		return
	}
	x.receive(x.calls, from, payload)
}

// Unfinished returns the calls of Receive whose requests the child has not answered, or whose
// messages expect no reply and came after the last request that it answered.
func (x *Program) Unfinished() []uint64 {
	calls := slices.Clone(x.requests.oneWay)
	for _, m := range x.early.kept {
		calls = append(calls, m.call)
	}
	for q := range x.requests.oldestFirst() {
		calls = append(calls, q.number)
	}
	slices.Sort(calls)
	return calls
}

// receive writes to the child what a call of Receive has brought.
func (x *Program) receive(call uint64, from snapshot.ProcessID, payload []byte) {
	if x.over {
		return
	}
	defer x.hold() // the child may have got the last reply that it waited for
	if from.IsClient() {
		x.request(call, from, payload)
		return
	}
	l, err := maelstrom.Parse(payload)
	switch {
	case err != nil:
		x.drop(payload, fmt.Errorf("message from %s: %w", from, err))
	case l.Dest.IsClient():
		x.toClient(payload, l)
	case x.unknown(from, l):
	default:
		// A reply may have a msg_id of its own. It expects no reply all the same.
		if l.MsgID != nil && l.InReplyTo == nil {
			x.requests.add(call, l.Src, l.MsgID, x.process.Now())
		} else {
			x.requests.addOneWay(call)
		}
		x.deliver(from, payload)
	}
}

// request writes a client's request to the child, as a line. A request without a msg_id
// gets one, because a child may answer no other requests. A request that the child cannot
// take is refused, because anybody can be a client: it must not end the node.
func (x *Program) request(call uint64, client snapshot.ProcessID, body []byte) {
	l, err := maelstrom.ParseBody(body)
	if err != nil {
		x.process.Send(client, maelstrom.ErrorBody(maelstrom.CodeMalformedRequest, "the request is no JSON object"))
		return
	}
	if l.Member("msg_id") == nil {
		l, _ = maelstrom.ParseBody(maelstrom.AddMember(l.Body, "msg_id", []byte("1")))
	}
	line := maelstrom.AppendLine(nil, client, x.id, l.Body)
	if limit := int(x.settings.LineLimit); len(line) > limit {
		refusal := fmt.Sprintf("the request is a line of %d bytes, and the child takes at most %d (line_limit)", len(line), limit)
		x.process.Send(client, l.ReplyBody(maelstrom.ErrorBody(maelstrom.CodeMalformedRequest, refusal)))
		return
	}
	x.requests.add(call, client, l.MsgID, x.process.Now())
	x.write(oneLine(line))
}

// deliver writes a line of another process to the child. A message must not be lost, so
// one that the child cannot take ends the node.
func (x *Program) deliver(from snapshot.ProcessID, line []byte) {
	if limit := int(x.settings.LineLimit); len(line) > limit {
		x.fail(fmt.Errorf("a line of %d bytes came from %s, more than %d (line_limit)", len(line), from, limit))
		return
	}
	x.write(oneLine(line))
}

// oneLine returns JSON text without line feeds and carriage returns, either of which ends
// a line for some programs. In valid JSON they can only stand between two tokens, where a
// space has the same meaning.
func oneLine(text []byte) []byte {
	for _, end := range []byte("\n\r") {
		if bytes.IndexByte(text, end) >= 0 { // spares the copy
			text = bytes.ReplaceAll(text, []byte{end}, []byte(" "))
		}
	}
	return text
}

// write writes a line to the child. If the line does not fit into the pipe, write holds
// the process until it does.
func (x *Program) write(line []byte) {
	if !x.child.Write(line) {
		x.waits = true
		x.hold()
		x.returnBatches() // the child may be blocked until its output is read
	}
}

// written is called when all lines are in the pipe, after a line that did not fit.
func (x *Program) written() {
	if x.child == nil || x.child.Pending() > 0 { // another call will come
		return
	}
	x.waits = false
	x.hold()
	x.advance()
}

// hold holds the process while the child cannot take messages, and releases it when the
// child can.
func (x *Program) hold() {
	hold := x.waits || !x.ready && !x.early.asks()
	if hold == x.held || x.process == nil {
		return
	}
	x.held = hold
	if hold {
		x.process.Hold()
	} else {
		x.process.Release()
	}
}
