package try

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"chandy/internal/child"
	"chandy/internal/maelstrom"
	"chandy/internal/printable"
	"chandy/snapshot"
	"chandy/wire"
)

const (
	self  snapshot.ProcessID = "n0" // the child, or the first of several, as in Maelstrom
	first snapshot.ProcessID = "c0" // the client id under which a node sends its own requests
)

const quoteMax = 128 // bytes of a child's output that a result quotes, at most

// talk is a conversation with one child. It is owned by one goroutine.
type talk struct {
	*trial
	process  *child.Proc
	services *loop // services of Maelstrom
	peers    peers
	early    map[snapshot.ProcessID][][]byte // lines to the children that are not ready; guarded by trial.mu
	lines    chan string
	closed   chan struct{} // closed when lines are no longer read
	over     chan struct{} // closed when end is set, after the last line
	initAt   time.Time     // when init was answered
	end      child.End
	once     sync.Once
	// bad and badLines are like those of the trial, which receives them at the end of the
	// talk; guarded by trial.mu.
	bad      string
	badLines bool
	// excused is set if a child ended at topology, or the first one at a later message,
	// which it may not know. Such a child often prints on stdout why it ends.
	excused bool
	count   int // requests so far
	// capturing is set while the child is asked for its state. It then receives nothing
	// but this request. Changed with trial.mu held.
	capturing bool
	late      [][]byte // lines to the child that wait for the end of the capture; guarded by trial.mu
	kept      []kept   // lines of the child that wait for the end of the capture
}

// noReply is the error of a missing reply.
type noReply struct {
	ended *child.End    // non-nil if the child has ended
	limit time.Duration // how long the reply was waited for
	wrong string        // describes a message that may have been meant as the reply
	// waits is the process for which the child seems to wait, or empty. What the two send
	// each other is held until the end of the capture.
	waits string
	late  time.Duration // if not zero, the reply came after this time, perhaps a time-out of the child
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
	if e.late > 0 {
		text = fmt.Sprintf("no reply before %v were over", e.late.Round(10*time.Millisecond))
	}
	if e.waits != "" {
		text += fmt.Sprintf(": it seems to wait for %.64s, but it receives nothing while its state is taken", e.waits)
	}
	return text
}

// how describes how a child ended, as the second half of a sentence.
func how(e child.End) string {
	return strings.TrimPrefix(strings.TrimPrefix(e.Err().Error(), "child exited: "), "the child ")
}

// start starts a child. The caller must close the talk.
func (t *trial) start(condition string) (*talk, error) {
	k := &talk{
		trial: t, lines: make(chan string, 1024), closed: make(chan struct{}), over: make(chan struct{}),
		peers: peers{map[snapshot.ProcessID]*child.Proc{}, make(chan error, 1), make(chan struct{}, t.Nodes)},
		early: map[snapshot.ProcessID][][]byte{},
	}
	for _, id := range t.nodes() {
		k.early[id] = nil
	}
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
	k.services = t.serviceLoop(k.pass)
	return k, nil
}

// output queues lines of the child. It waits while the queue is full.
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

// close ends the child and the services.
func (k *talk) close() {
	select {
	case <-k.over:
		k.excused = k.excused || !k.initAt.IsZero()
	default:
	}
	k.once.Do(func() { close(k.closed) })
	k.process.Close()
	for _, p := range k.peers.of {
		p.Close()
	}
	k.services.close()
	k.reportBadLine()
}

// request is a request to the child.
type request struct {
	line   []byte
	client snapshot.ProcessID // sender, to whom the reply must go
	id     string             // msg_id, which the reply must have as its in_reply_to
}

// request returns a request with the given body, from a new client and with a new msg_id.
func (k *talk) request(body string) request {
	k.count++
	r := request{client: snapshot.ProcessID(fmt.Sprintf("c%d", k.count)), id: fmt.Sprint(100 + k.count)}
	open := strings.TrimSuffix(strings.TrimSpace(body), "}")
	if strings.TrimSpace(open) != "{" {
		open += ","
	}
	r.line = maelstrom.AppendLine(nil, r.client, self, []byte(open+`"msg_id":`+r.id+"}"))
	return r
}

// ask sends the child a request and waits for the reply, which may be an error reply. The
// error is a *noReply, or the error of the context.
func (k *talk) ask(body string) (maelstrom.Line, error) {
	r := k.request(body)
	k.process.Write(r.line)
	return k.await(r.client, r.id)
}

// await waits for one reply. Other lines of the child go where they are addressed to.
func (k *talk) await(client snapshot.ProcessID, id string) (maelstrom.Line, error) {
	_, reply, err := k.awaitAny(k.Limit, request{client: client, id: id})
	return reply, err
}

// awaitAny waits for the reply to any of the requests. It returns the index of the request.
func (k *talk) awaitAny(limit time.Duration, requests ...request) (int, maelstrom.Line, error) {
	late := time.NewTimer(limit)
	defer late.Stop()
	missing := &noReply{limit: limit}
	for {
		var line string
		select {
		case line = <-k.lines:
		case <-k.over:
			select {
			case line = <-k.lines: // printed before the end
			default:
				missing.ended = &k.end
				return 0, maelstrom.Line{}, missing
			}
		case <-late.C:
			return 0, maelstrom.Line{}, missing
		case err := <-k.peers.fallen:
			return 0, maelstrom.Line{}, err
		case <-k.ctx.Done():
			return 0, maelstrom.Line{}, k.ctx.Err()
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

// carry handles a line of the child as a node does. If the line is a message to a client,
// carry returns it and true, and the caller handles it.
func (k *talk) carry(line string) (maelstrom.Line, bool) {
	l, err := maelstrom.Parse([]byte(line))
	switch {
	case errors.Is(err, maelstrom.ErrNotJSON):
		k.badLine(fmt.Sprintf("not a JSON object: %q", line[:min(len(line), quoteMax)]), true)
	case err != nil:
		k.badLine(fmt.Sprintf("%v: %s", err, printable.Start([]byte(line), quoteMax)), false)
	case l.Dest.IsClient():
		return l, true
	case k.capturing:
		k.kept = append(k.kept, kept{line, time.Now()})
	default:
		k.route(self, l, []byte(line))
	}
	return l, false
}

// badLine records a line that is not a message. It keeps the description of the first, or
// of the first that is not even JSON.
func (k *talk) badLine(what string, noJSON bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.bad == "" || noJSON && !k.badLines {
		k.bad = what
	}
	k.badLines = k.badLines || noJSON
}

// reportBadLine adds the bad line of the talk to the trial, unless the talk is excused.
func (k *talk) reportBadLine() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.bad == "" || k.excused {
		return
	}
	if k.trial.bad == "" || k.badLines && !k.trial.badLines {
		k.trial.bad = k.bad
	}
	k.trial.badLines = k.trial.badLines || k.badLines
}

// note records that the child sends to a process.
func (t *trial) note(to snapshot.ProcessID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.services[string(to)] = true
}
