package child

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"chandy/internal/maelstrom"
	"chandy/snapshot"
	"chandy/wire"
)

// early is what a child exchanges before it is ready. A child may ask a service or another
// process before it answers init, and answer only after the reply. So the lines that it
// prints are sent, and replies to its requests are written to it. All other messages wait.
//
// They wait in the inbox until the child has an open request of its own. Then the program
// receives all messages, because a reply can stand behind others on its channel, and it
// keeps those that are no such reply. They count as received. No state contradicts that,
// because a child that waits for a reply has no state for a snapshot: see stalled.
type early struct {
	open map[string]snapshot.ProcessID // receivers of the child's open requests, by msg_id
	kept []received                    // messages for the child, in the order of arrival
	size int                           // bytes in kept; above wire.MessageMax no more are received
}

// received is a message or a client's request that the child has not been given.
type received struct {
	call    uint64 // of Receive
	from    snapshot.ProcessID
	payload []byte
}

// asks reports whether the child waits for replies and may be given them.
func (e *early) asks() bool { return len(e.open) > 0 && e.size <= wire.MessageMax }

// keep keeps a message. It reports false for a reply to a request of the child.
func (e *early) keep(call uint64, from snapshot.ProcessID, payload []byte) bool {
	if !from.IsClient() {
		l, _ := maelstrom.Parse(payload)
		id := keyOf("", l.Member("in_reply_to")).id
		if _, ok := e.open[id]; ok {
			delete(e.open, id)
			return false
		}
	}
	e.kept = append(e.kept, received{call, from, slices.Clone(payload)})
	e.size += len(payload)
	return true
}

// printedEarly handles a line that the child printed before it was ready. A line before
// the reply to restore is dropped: it does not follow from the state to be restored.
func (x *Program) printedEarly(line []byte, l maelstrom.Line) {
	if id := l.Asks(); id != nil && l.InReplyTo == nil && len(x.early.open) < openMax {
		x.early.open[keyOf("", id).id] = l.Dest
	}
	if x.init.Restoring && (x.preparing == "init" || x.preparing == "restore") {
		return
	}
	x.route(line, l)
	x.hold()
}

// stalled reports whether the child is not ready and waits for a reply. It does not
// receive the reply during a capture, so the capture must not wait for the child.
func (x *Program) stalled() bool { return !x.ready && len(x.early.open)+len(x.refusals) > 0 }

// silence says why the reply to a request of the node has not come, as far as it is known.
func (x *Program) silence() string {
	unended := x.child.Unended()
	switch {
	case len(x.early.open) > 0 && !x.ready:
		id := slices.Sorted(maps.Keys(x.early.open))[0]
		why := fmt.Sprintf("it waits for the reply of %.64q to its request with the msg_id %s", x.early.open[id], id)
		if x.init.Restoring {
			why += ", and a child that is restored must answer without asking others"
		}
		return why
	case x.mismatch != "":
		return "it has printed " + x.mismatch
	case unended > 0:
		return fmt.Sprintf("it has printed %d bytes without a line end", unended)
	case x.lines == 0:
		return "it has printed nothing (does it flush its output?)"
	case !x.ready:
		return fmt.Sprintf("it has printed %d lines, and none is this reply to %s", x.lines, own)
	}
	return ""
}

// mismatched returns how a reply to the node differs from the reply that the node waits
// for. It returns an empty text if the reply is only late.
func (x *Program) mismatched(l maelstrom.Line) string {
	if n, err := strconv.Atoi(string(l.InReplyTo)); err == nil && 0 < n && n <= x.number || len(x.asked) == 0 {
		return ""
	}
	got := "no in_reply_to"
	if id := l.Member("in_reply_to"); id != nil {
		got = fmt.Sprintf("in_reply_to %.64s", id)
	}
	return got + " where " + strings.Join(slices.Sorted(maps.Keys(x.asked)), " or ") + " was asked"
}
