package try

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"chandy/internal/child"
	"chandy/snapshot"
	"chandy/wire"
)

// self is the id of the child, first that of what the node itself asks.
const (
	self  snapshot.ProcessID = "n1"
	first snapshot.ProcessID = "c0"
)

// quoteMax is how much of what a child prints stands in a result, in bytes.
const quoteMax = 128

// talk is a conversation with one child. It belongs to one goroutine.
type talk struct {
	*trial
	process  *child.Process
	services *loop // answer for the services of Maelstrom
	lines    chan string
	closed   chan struct{} // nobody reads lines any more
	over     chan struct{} // closed when end is set, after the last line
	end      child.End
	once     sync.Once
	count    int // of requests
	// While its state is taken a child gets nothing but the request.
	capturing bool
	kept      []string // lines that would bring it something
}

// noReply is why there is no reply.
type noReply struct {
	ended *child.End // it has ended
	limit time.Duration
	wrong string // what looked like the reply
	waits string // whom it has sent something instead, and who cannot answer now
}

func (e *noReply) Error() string {
	switch {
	case e.ended != nil && e.wrong != "":
		return e.wrong + ", then it ended: " + how(*e.ended)
	case e.ended != nil:
		return "it ended: " + how(*e.ended)
	case e.wrong != "":
		return e.wrong
	}
	text := fmt.Sprintf("no reply within %v", e.limit)
	if e.waits != "" {
		text += fmt.Sprintf(": it seems to wait for %.64s, and nothing is written to it while its state is taken", e.waits)
	}
	return text
}

// how says how a child ended, in words that go on a sentence.
func how(e child.End) string {
	text := strings.TrimPrefix(strings.TrimPrefix(e.Err().Error(), "the child ended: "), "the child ")
	return strings.Replace(text, "; its last words: ", "; last line on stderr: ", 1)
}

// start starts a child. Who has a talk closes it.
func (t *trial) start(condition string) (*talk, error) {
	k := &talk{trial: t, lines: make(chan string, 1024), closed: make(chan struct{}), over: make(chan struct{})}
	p, err := child.Start(child.Spec{
		Command: t.Command, Dir: t.dir, Env: t.Env, LineMax: wire.MessageMax, Pace: t.Pace,
		Output: k.output,
		Errors: func(line string) { t.Errors(condition, line) },
		Ended:  func(e child.End) { k.end = e; close(k.over) },
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	k.process = p
	k.services = t.serviceLoop(func(line []byte) { p.Write(line) })
	return k, nil
}

// output takes lines of the child, and waits while there are many.
func (k *talk) output(b *child.Batch) {
	defer b.Return()
	for _, line := range b.Lines {
		select {
		case k.lines <- string(line):
		case <-k.closed:
			return
		}
	}
}

// close ends the child.
func (k *talk) close() {
	k.once.Do(func() { close(k.closed) })
	k.process.Close()
	k.services.close()
}

// begin starts a child that has answered init.
func (t *trial) begin(condition string) (*talk, error) {
	k, err := t.start(condition)
	if err != nil {
		return nil, err
	}
	if err := k.introduce(); err != nil {
		k.close()
		return nil, err
	}
	return k, nil
}

const initBody = `{"type":"init","node_id":"n1","node_ids":["n1"],"msg_id":1}`

// introduce says init.
func (k *talk) introduce() error {
	k.process.Write(child.AppendLine(nil, first, self, []byte(initBody)))
	reply, err := k.await(first, "1")
	switch {
	case err != nil:
		return fmt.Errorf("init is not answered: %w", err)
	case reply.Type == "error":
		return fmt.Errorf("it refuses init: %s", child.Printable(reply.Body, quoteMax))
	}
	return nil
}

// request is one that was or is to be written: a line, and who waits for the reply to
// what.
type request struct {
	line   []byte
	client snapshot.ProcessID
	id     string
}

// request makes one of a client of its own.
func (k *talk) request(body string) request {
	k.count++
	r := request{client: snapshot.ProcessID(fmt.Sprintf("c%d", k.count)), id: fmt.Sprint(100 + k.count)}
	open := strings.TrimSuffix(strings.TrimSpace(body), "}")
	if strings.TrimSpace(open) != "{" {
		open += ","
	}
	r.line = child.AppendLine(nil, r.client, self, []byte(open+`"msg_id":`+r.id+"}"))
	return r
}

// ask gives the child a request and waits for the reply, which may be an error. The
// error is a *noReply, or that of an interruption.
func (k *talk) ask(body string) (child.Line, error) {
	r := k.request(body)
	k.process.Write(r.line)
	return k.await(r.client, r.id)
}

// askState is ask for a request for the state.
func (k *talk) askState(body string) (child.Line, error) {
	k.capturing = true
	reply, err := k.ask(body)
	k.capturing = false
	kept := k.kept
	k.kept = nil
	for _, line := range kept {
		k.carry(line)
	}
	var missing *noReply
	if errors.As(err, &missing) && missing.ended == nil && len(kept) > 0 {
		l, _ := child.Parse([]byte(kept[0]))
		missing.waits = string(l.Dest)
	}
	return reply, err
}

// await waits for one reply. What else the child prints is carried where it goes.
func (k *talk) await(client snapshot.ProcessID, id string) (child.Line, error) {
	_, reply, err := k.awaitAny(k.Limit, request{client: client, id: id})
	return reply, err
}

// awaitAny waits for the reply to any of some requests, and tells which.
func (k *talk) awaitAny(limit time.Duration, requests ...request) (int, child.Line, error) {
	late := time.NewTimer(limit)
	defer late.Stop()
	missing := &noReply{limit: limit}
	for {
		var line string
		select {
		case line = <-k.lines:
		case <-k.over:
			select {
			case line = <-k.lines: // it came before the end
			default:
				missing.ended = &k.end
				return 0, child.Line{}, missing
			}
		case <-late.C:
			return 0, child.Line{}, missing
		case <-k.ctx.Done():
			return 0, child.Line{}, k.ctx.Err()
		}
		l, ok := k.carry(line)
		if !ok {
			continue
		}
		for i, r := range requests {
			if l.Dest == r.client && string(l.InReplyTo) == r.id {
				return i, l, nil
			}
			if l.Dest == r.client {
				missing.wrong = cmp.Or(missing.wrong, fmt.Sprintf("a message to %s has in_reply_to %s, not %s", l.Dest, cmp.Or(string(l.InReplyTo), "none"), r.id))
			}
		}
	}
}

// carry does with a line what a node of one child does; what is for a client is left
// to the caller.
func (k *talk) carry(line string) (child.Line, bool) {
	l, err := child.Parse([]byte(line))
	switch {
	case errors.Is(err, child.ErrNotJSON):
		k.badLine(fmt.Sprintf("no JSON object: %q", line[:min(len(line), quoteMax)]), true)
	case err != nil:
		k.badLine(fmt.Sprintf("%v: %s", err, child.Printable([]byte(line), quoteMax)), false)
	case l.Dest.IsClient():
		return l, true
	case k.capturing:
		k.kept = append(k.kept, line)
	case l.Dest == self:
		k.process.Write([]byte(line))
	default:
		k.note(l.Dest)
		if !k.services.give(self, l.Dest, []byte(line)) && l.MsgID != nil {
			words := fmt.Sprintf("there is no process %.64q", l.Dest)
			k.process.Write(child.AppendLine(nil, l.Dest, self, l.ReplyBody(child.ErrorBody(child.CodeNodeNotFound, words))))
		}
	}
	return l, false
}

// badLine keeps what is wrong with the first line that is no message.
func (t *trial) badLine(what string, noJSON bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bad == "" || noJSON && !t.badLines {
		t.bad = what
	}
	t.badLines = t.badLines || noJSON
}

// note notes that the child sends to a process.
func (t *trial) note(to snapshot.ProcessID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.services[string(to)] = true
}
