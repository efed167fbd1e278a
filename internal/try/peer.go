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

// peer is a child of a talk besides the first one.
type peer struct {
	id      snapshot.ProcessID
	process *child.Proc
	answers chan maelstrom.Line // to requests of the node
	over    chan struct{}       // closed when end is set
	end     child.End
}

// addPeer starts a child besides the first one, and sends it init.
func (k *talk) addPeer(condition string, id snapshot.ProcessID) (*peer, error) {
	p := &peer{id: id, answers: make(chan maelstrom.Line, 4), over: make(chan struct{})}
	process, err := child.Start(child.Spec{
		Command: k.Command, Dir: k.dir, Env: k.Env, LineMax: wire.MessageMax, Pace: k.Pace,
		Output: func(b *child.Batch) {
			defer b.Return()
			for _, line := range b.Lines {
				k.peerLine(id, slices.Clone(line), p.answers)
			}
		},
		Errors: func(line string) { k.Errors(condition, line) },
		Ended:  func(e child.End) { p.end = e; close(p.over) },
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	p.process = process
	k.mu.Lock()
	k.peers.of[id] = process
	k.mu.Unlock()
	process.Write(k.initOf(id))
	return p, nil
}

// follow introduces a peer, and waits until it ends. topology is the line to send, or nil.
// Zero for wait means that no answer to it is waited for.
func (k *talk) follow(p *peer, topology []byte, wait time.Duration) {
	err := k.introducePeer(p, topology, wait)
	if err == nil {
		k.admit(p.id)
		k.peers.ready <- struct{}{}
		<-p.over
		err = p.ended()
	}
	select {
	case k.peers.fallen <- err:
	default:
	}
}

// introducePeer waits until a peer has answered init, and topology if that is sent.
func (k *talk) introducePeer(p *peer, topology []byte, wait time.Duration) error {
	reply, err := k.peerAnswer(p, "1", k.Limit)
	switch {
	case err != nil:
		return fmt.Errorf("init is not answered: %s: %w", p.id, err)
	case reply.Type == "error":
		return fmt.Errorf("%s answers init with an error: %s", p.id, printable.Start(reply.Body, quoteMax))
	case topology == nil:
		return nil
	}
	p.process.Write(topology)
	if wait == 0 {
		return nil
	}
	if _, err := k.peerAnswer(p, "2", wait); err != nil && !errors.Is(err, errSilent) {
		return errTopology
	}
	return nil
}

// awaitPeers waits until all peers are ready, and meanwhile handles lines of the first child.
func (k *talk) awaitPeers() error {
	for range k.Nodes - 1 {
		for waits := true; waits; {
			select {
			case <-k.peers.ready:
				waits = false
			case line := <-k.lines:
				k.carry(line)
			case err := <-k.peers.fallen:
				return err
			case <-k.over:
				return &noReply{ended: &k.end}
			case <-k.ctx.Done():
				return k.ctx.Err()
			}
		}
	}
	return nil
}

// ended returns the error of a peer that has ended.
func (p *peer) ended() error { return fmt.Errorf("%s ended: %s", p.id, how(p.end)) }

var errSilent = errors.New("no reply in time")

// peerAnswer waits for the answer to the request of the node with the msg_id id. It passes
// over other answers, because a child may answer init twice.
func (k *talk) peerAnswer(p *peer, id string, limit time.Duration) (maelstrom.Line, error) {
	late := time.NewTimer(limit)
	defer late.Stop()
	for {
		select {
		case l := <-p.answers:
			if string(l.InReplyTo) == id {
				return l, nil
			}
		case <-p.over:
			if len(p.answers) == 0 {
				return maelstrom.Line{}, p.ended()
			}
		case <-late.C:
			return maelstrom.Line{}, errSilent
		case <-k.ctx.Done():
			return maelstrom.Line{}, k.ctx.Err()
		}
	}
}
