package child

import (
	"errors"
	"fmt"
	"slices"

	"chandy/internal/maelstrom"
	"chandy/program"
)

// quoteMax is how much of a line stands in a message about it, in bytes.
const quoteMax = 128

// errorsMax is how many bytes of refusals may wait for a child that does not read.
const errorsMax = 1 << 20

// output takes what the child has printed.
func (x *Program) output(b *Batch) {
	for i, line := range b.Lines {
		if x.over {
			break
		}
		x.line(line, b.Partial && i == len(b.Lines)-1)
	}
	x.owed = append(x.owed, b)
	x.advance()
	x.credit()
}

// credit lets the child print more, as soon as the process may begin something: its
// output is spontaneous, and waits while an outbox is over its high water. But not
// during a capture, which needs the reply, nor while a line waits to be written: a
// child that waits for its output to be read does not read, and a circle of such
// processes would wait for ever.
func (x *Program) credit() {
	switch {
	case x.capture != nil || x.waits || x.over:
		x.grant()
	case !x.granting && len(x.owed) > 0:
		x.granting = true
		x.process.After(0, func() {
			x.granting = false
			x.grant()
		})
	}
}

func (x *Program) grant() {
	for _, b := range x.owed {
		b.Return()
	}
	clear(x.owed)
	x.owed = x.owed[:0]
}

// line takes one line that the child has printed.
func (x *Program) line(line []byte, partial bool) {
	x.lines++
	l, err := maelstrom.Parse(line)
	if x.capture != nil && !x.isReply(l, err) {
		x.capture.printed++
	}
	switch {
	case errors.Is(err, maelstrom.ErrNotJSON):
		x.bad(line, partial)
	case err != nil:
		x.drop(line, fmt.Errorf("line %d of the child: %w", x.lines, err))
	case l.Dest == own:
		x.ownReply(line, l)
	case !x.ready:
		x.keep(line)
	default:
		x.route(line, l)
	}
}

// isReply reports whether a line is the reply to the request for the state.
func (x *Program) isReply(l maelstrom.Line, err error) bool {
	return err == nil && l.Dest == own && l.InReplyTo != nil && string(l.InReplyTo) == x.capture.id
}

// bad is a line that is no JSON object. At the end of the output the child's end
// says more.
func (x *Program) bad(line []byte, partial bool) {
	quoted := fmt.Sprintf("%q", line[:min(len(line), quoteMax)])
	switch {
	case x.settings.OnBadLine == "drop":
		x.drop(line, fmt.Errorf("line %d of the child is no JSON object", x.lines))
	case partial:
		x.partial = fmt.Sprintf("its output ended within line %d: %s", x.lines, quoted)
	default:
		x.fail(fmt.Errorf("line %d of the child is no JSON object: %s", x.lines, quoted))
	}
}

// ownReply is for what the node has asked.
func (x *Program) ownReply(line []byte, l maelstrom.Line) {
	replied, ok := x.asked[string(l.InReplyTo)]
	if !ok { // a late one
		x.drop(line, fmt.Errorf("line %d of the child: it answers nothing that was asked", x.lines))
		return
	}
	delete(x.asked, string(l.InReplyTo))
	replied(l)
}

// route sends a line of the child where it says.
func (x *Program) route(line []byte, l maelstrom.Line) {
	to := l.Dest
	if l.InReplyTo != nil && !to.IsClient() {
		x.requests.answered(to, l.InReplyTo)
	}
	if to.IsClient() {
		at, ok := program.ClientOf(x.all, to)
		switch {
		case ok && at == x.id:
			x.toClient(line, l)
			return
		case ok:
			x.requests.answered(to, l.InReplyTo)
			to = at
		}
	}
	switch _, there := slices.BinarySearch(x.channels, to); {
	case there:
		if err := x.process.Send(to, line); err != nil {
			x.fail(err)
		}
	case slices.Contains(x.all, to):
		x.refuse(line, l, fmt.Errorf("there is no channel from %s to %s", x.id, to))
	default:
		x.refuse(line, l, fmt.Errorf("there is no process %.64q", to))
	}
}

// toClient gives a client of this node what may be its reply.
func (x *Program) toClient(line []byte, l maelstrom.Line) {
	if !x.requests.answered(l.Dest, l.InReplyTo) {
		x.drop(line, fmt.Errorf("%s waits for no such reply", l.Dest))
		return
	}
	if err := x.process.Send(l.Dest, l.Body); err != nil {
		x.drop(line, err)
	}
}

// refuse tells the child that a message of it cannot be sent, if it wants a reply.
func (x *Program) refuse(line []byte, l maelstrom.Line, why error) {
	if l.MsgID == nil || x.child.Pending()+x.errorLen > errorsMax {
		x.drop(line, why)
		return
	}
	refusal := maelstrom.AppendLine(nil, l.Dest, x.id, l.ReplyBody(maelstrom.ErrorBody(maelstrom.CodeNodeNotFound, why.Error())))
	if x.capture != nil { // nothing is written now
		x.errors = append(x.errors, refusal)
		x.errorLen += len(refusal)
		return
	}
	x.write(refusal)
}

// drop drops and counts a line. It logs a few times a second at most.
func (x *Program) drop(line []byte, why error) {
	x.drops++
	x.dropped.Warn().Err(why).Int("dropped", x.drops).Str("line", maelstrom.Printable(line, quoteMax)).Msg("message dropped")
}
