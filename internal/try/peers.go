package try

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"chandy/internal/child"
	"chandy/internal/maelstrom"
	"chandy/internal/printable"
	"chandy/snapshot"
	"chandy/wire"
)

// peers are the children of a talk besides the first one.
type peers struct {
	of     map[snapshot.ProcessID]*child.Proc // guarded by trial.mu
	fallen chan error                         // receives the end of the first that ends
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

// pass writes a line to a child. It is safe for concurrent use.
func (k *talk) pass(to snapshot.ProcessID, line []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch p := k.peers.of[to]; {
	case p != nil:
		p.Write(line)
	case to != self:
	case k.capturing:
		k.late = append(k.late, slices.Clone(line))
	default:
		k.process.Write(line)
	}
}

// addPeer starts a child besides the first one, and waits until it has answered init and
// topology.
func (k *talk) addPeer(condition string, id snapshot.ProcessID) error {
	answers := make(chan maelstrom.Line, 2)
	p, err := child.Start(child.Spec{
		Command: k.Command, Dir: k.dir, Env: k.Env, LineMax: wire.MessageMax, Pace: k.Pace,
		Output: func(b *child.Batch) {
			defer b.Return()
			for _, line := range b.Lines {
				k.peerLine(id, slices.Clone(line), answers)
			}
		},
		Errors: func(line string) { k.Errors(condition, line) },
		Ended: func(e child.End) {
			select {
			case k.peers.fallen <- fmt.Errorf("%s ended: %s", id, how(e)):
			default:
			}
		},
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStart, err)
	}
	k.mu.Lock()
	k.peers.of[id] = p
	k.mu.Unlock()
	p.Write(k.initOf(id))
	reply, err := k.peerAnswer(answers, "1", k.Limit)
	switch {
	case err != nil:
		return fmt.Errorf("init is not answered: %s: %w", id, err)
	case reply.Type == "error":
		return fmt.Errorf("%s answers init with an error: %s", id, printable.Start(reply.Body, quoteMax))
	}
	line := k.topologyOf(id)
	if line == nil {
		return nil
	}
	p.Write(line)
	if k.silent {
		return nil
	}
	switch _, err := k.peerAnswer(answers, "2", min(k.Limit, topologyWait)); {
	case errors.Is(err, errSilent):
		k.silent = true
	case err != nil:
		return errTopology
	}
	return nil
}

var errSilent = errors.New("no reply in time")

// peerAnswer waits for the answer to the request of the node with the msg_id id. It passes
// over other answers, because a child may answer init twice.
func (k *talk) peerAnswer(answers <-chan maelstrom.Line, id string, limit time.Duration) (maelstrom.Line, error) {
	late := time.NewTimer(limit)
	defer late.Stop()
	for {
		select {
		case l := <-answers:
			if string(l.InReplyTo) == id {
				return l, nil
			}
		case err := <-k.peers.fallen:
			return maelstrom.Line{}, err
		case <-late.C:
			return maelstrom.Line{}, errSilent
		case <-k.ctx.Done():
			return maelstrom.Line{}, k.ctx.Err()
		}
	}
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
