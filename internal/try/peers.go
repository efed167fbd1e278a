package try

import (
	"errors"
	"fmt"
	"slices"

	"chandy/internal/child"
	"chandy/internal/maelstrom"
	"chandy/internal/printable"
	"chandy/snapshot"
)

// peers are the children of a talk besides the first one.
type peers struct {
	of     map[snapshot.ProcessID]*child.Proc // guarded by trial.mu
	fallen chan error                         // receives the error of the first that cannot go on
	ready  chan struct{}                      // receives an element from each that is ready
}

// route passes on a message of a child to a process, as a node does.
func (k *talk) route(from snapshot.ProcessID, l maelstrom.Line, line []byte) {
	if slices.Contains(k.nodes(), l.Dest) {
		k.pass(l.Dest, line)
		return
	}
	k.note(l.Dest)
	if !k.services.give(from, l.Dest, line) && l.MsgID != nil {
		words := fmt.Sprintf("there is no process %.64q", l.Dest)
		k.pass(from, maelstrom.AppendLine(nil, l.Dest, from, l.ReplyBody(maelstrom.ErrorBody(maelstrom.CodeNodeNotFound, words))))
	}
}

// pass writes a line to a child. Until the child is ready only replies reach it, as in a
// node: it may ask others before it answers init. pass is safe for concurrent use.
func (k *talk) pass(to snapshot.ProcessID, line []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch early, holds := k.early[to]; {
	case holds && !isReply(line):
		k.early[to] = append(early, slices.Clone(line))
	case to == self && k.capturing:
		k.late = append(k.late, slices.Clone(line))
	default:
		k.write(to, line)
	}
}

func isReply(line []byte) bool {
	l, err := maelstrom.Parse(line)
	return err == nil && l.Member("in_reply_to") != nil
}

// write writes a line to a child, if there is one with this id. The caller holds trial.mu.
func (k *talk) write(to snapshot.ProcessID, line []byte) {
	if p := k.peers.of[to]; p != nil {
		p.Write(line)
	} else if to == self {
		k.process.Write(line)
	}
}

// admit makes a child ready. It receives the lines that have waited for that.
func (k *talk) admit(id snapshot.ProcessID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, line := range k.early[id] {
		k.write(id, line)
	}
	delete(k.early, id)
}

// peerLine handles a line of a child besides the first one. A reply to a client answers a
// request that another child has passed on.
func (k *talk) peerLine(from snapshot.ProcessID, line []byte, answers chan<- maelstrom.Line) {
	l, err := maelstrom.Parse(line)
	switch {
	case err != nil:
		k.badLine(fmt.Sprintf("%v: %s", err, printable.Start(line, quoteMax)), errors.Is(err, maelstrom.ErrNotJSON))
	case l.Dest == first:
		select {
		case answers <- l:
		default: // to nothing that was asked
		}
	case l.Dest.IsClient():
		select {
		case k.lines <- string(line):
		case <-k.closed:
		}
	default:
		k.route(from, l, line)
	}
}
