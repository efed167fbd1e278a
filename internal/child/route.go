package child

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"chandy/internal/maelstrom"
	"chandy/internal/printable"
	"chandy/program"
)

// quoteMax is the most bytes of a line that a text about it quotes.
const quoteMax = 128

// refusalsMax is the most bytes of refusals that may wait for a child that does not read.
const refusalsMax = 1 << 20

// output handles a batch of lines that the child has printed.
func (x *Program) output(b *Batch) { x.outputFrom(b, 0) }

// outputFrom handles the lines of a batch from one line on. Lines after the reply to restore
// wait for Start.
func (x *Program) outputFrom(b *Batch, first int) {
	for i := first; i < len(b.Lines) && !x.over; i++ {
		if x.gate.held {
			x.gate.kept = append(x.gate.kept, func() { x.outputFrom(b, i) })
			return
		}
		x.line(b.Lines[i], b.Partial && i == len(b.Lines)-1)
	}
	x.batches = append(x.batches, b)
	x.advance()
	x.returnBatchesSoon()
}

// returnBatchesSoon returns the handled batches, so that the child can print more, when
// the process may send something spontaneous. Timers of the process fire only then.
//
// It returns them at once in three cases. There is no process yet. A capture waits for a
// line of the child. And
// while a line waits to be written, the child may be blocked in printing and read only
// afterwards; if several such processes waited for each other, none would ever go on.
func (x *Program) returnBatchesSoon() {
	switch {
	case x.capture != nil || x.waits || x.over || x.process == nil:
		x.returnBatches()
	case !x.returnTimer && len(x.batches) > 0:
		x.returnTimer = true
		x.process.After(0, func() {
			x.returnTimer = false
			x.returnBatches()
		})
	}
}

func (x *Program) returnBatches() {
	for _, b := range x.batches {
		b.Return()
	}
	clear(x.batches)
	x.batches = x.batches[:0]
}

// line handles one line. The argument partial says that the output ended within it.
func (x *Program) line(line []byte, partial bool) {
	x.lines++
	l, err := maelstrom.Parse(line)
	if x.capture != nil {
		x.capture.countPrinted(l)
	}
	switch {
	case errors.Is(err, maelstrom.ErrNotJSON):
		x.bad(line, partial)
	case err != nil:
		x.drop(line, fmt.Errorf("line %d of the child: %w", x.lines, err))
	case l.Dest == own:
		x.ownReply(line, l)
	case !x.ready:
		x.printedEarly(line, l)
	default:
		x.route(line, l)
	}
}

// bad handles a line that is no JSON object. If the output ended within it, the end of
// the child says more than the line, so the line only completes that error.
func (x *Program) bad(line []byte, partial bool) {
	quoted := fmt.Sprintf("%q", line[:min(len(line), quoteMax)])
	switch {
	case x.settings.OnBadLine == "drop", x.arranging: // then the line is about topology: see startsAgain
		x.drop(line, fmt.Errorf("line %d of the child is no JSON object", x.lines))
	case partial:
		x.partial = fmt.Sprintf("its output ended within line %d: %s", x.lines, quoted)
	default:
		x.fail(fmt.Errorf("line %d of the child is no JSON object: %s", x.lines, quoted))
	}
}

// ownReply handles a reply to a request of the node itself.
func (x *Program) ownReply(line []byte, l maelstrom.Line) {
	replied, ok := x.asked[string(l.InReplyTo)]
	if !ok { // perhaps the reply is late
		x.mismatch = x.mismatched(l)
		why := cmp.Or(x.mismatch, "no request of the node waits for this reply")
		x.drop(line, fmt.Errorf("line %d of the child: %s", x.lines, why))
		return
	}
	x.mismatch = ""
	delete(x.asked, string(l.InReplyTo))
	replied(l)
}

// route sends a line to the process or client that it names. A line to a client of
// another node goes to the process of that node.
func (x *Program) route(line []byte, l maelstrom.Line) {
	to := l.Dest
	if at, ok := program.ClientOf(x.all, to); ok {
		if at == x.id {
			x.toClient(line, l)
			return
		}
		to = at
	}
	x.requests.answered(l.Dest, l.InReplyTo)
	switch _, there := slices.BinarySearch(x.channels, to); {
	case there && to == l.Dest && !x.asks(l): // the node ends
	case there:
		if err := x.process.Send(to, line); err != nil {
			x.fail(err)
		}
	case slices.Contains(x.all, to):
		x.refuse(line, l, fmt.Errorf("there is no channel from %s to %s", x.id, to))
	case slices.Contains(Services, string(to)):
		x.refuse(line, l, fmt.Errorf("there is no process %q: the cluster file needs a [[process]] with this id and kind", to))
	default:
		x.refuse(line, l, fmt.Errorf("there is no process %.64q", to))
	}
}

// Services are the ids of Maelstrom's services. Each is also the kind of a bundled program.
var Services = []string{"lin-kv", "lin-tso", "lww-kv", "seq-kv"}

// toClient sends a reply to a client of this node, which must have an open request. A
// restored child may answer one that an instance before it has received. Of those requests
// only the node knows which are open: Send refuses the reply to any other.
func (x *Program) toClient(line []byte, l maelstrom.Line) {
	earlier := x.init.Restoring && l.InReplyTo != nil && !x.requests.asks(l.Dest)
	if !x.requests.answered(l.Dest, l.InReplyTo) && !earlier {
		x.drop(line, fmt.Errorf("client %s has no open request for this reply", l.Dest))
		return
	}
	if err := x.process.Send(l.Dest, l.Body); err != nil {
		x.drop(line, err)
	}
}

// refuse answers a line that cannot be sent with an error. If the line is no request, or
// if too many refusals wait, it is dropped. Some programs count their requests from 0, so a
// request with this msg_id is answered too. An error is never answered, because a program
// that prints "msg_id":0 in each message might answer the answer.
func (x *Program) refuse(line []byte, l maelstrom.Line, why error) {
	l.MsgID = l.Asks()
	if l.MsgID == nil || l.Type == "error" || l.InReplyTo != nil || x.child.Pending()+x.refusalLen > refusalsMax {
		x.drop(line, why)
		return
	}
	refusal := maelstrom.AppendLine(nil, l.Dest, x.id, l.ReplyBody(maelstrom.ErrorBody(maelstrom.CodeNodeNotFound, why.Error())))
	if x.capture != nil { // during a capture the child receives only the request for its state
		x.refusals = append(x.refusals, refusal)
		x.refusalLen += len(refusal)
		return
	}
	x.write(refusal)
}

// drop counts and logs a line that is dropped.
func (x *Program) drop(line []byte, why error) {
	x.drops++
	x.dropped.Warn().Err(why).Int("dropped", x.drops).Str("line", printable.Start(line, quoteMax)).Msg("message dropped")
}
