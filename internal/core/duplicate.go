package core

import (
	"errors"
	"fmt"
	"time"

	"chandy/wire"
)

// Two nodes can run as the same process: by mistake, or because one of them stood still
// until its peers took the other one for its successor. One of the two must end, and it
// must not depend on which one stood still. A peer decides by a refusal:
//
//   - A node that is refused as an old incarnation has lost its place at that peer, and its
//     channels with it can never come up again. It ends at once.
//   - A node that is refused because another one lives may still win, if the other one has
//     lost its place at another peer. So it waits. It ends if the peer has refused it all
//     the while.
//
// Each of the two can be refused by some peers and welcome at others, if both were started
// at the same time. So the wait is longer for a node that more peers have let in, and it is
// random.
const (
	duplicateWait   = 5 * time.Second // for a node that no peer has let in; up to twice that
	duplicateFactor = 5               // the largest factor by which the wait is longer
)

// duplicateError ends a node because another one runs as the same process.
type duplicateError struct{ text string }

func (e duplicateError) Error() string { return e.text }

// Hint returns what to do about the error, for people.
func (duplicateError) Hint() string {
	return "stop one of the two nodes; if both are meant to run, each needs an id of its own in the cluster file"
}

// checkDuplicate ends the node if the error with which a connection to a peer has ended
// shows that another node runs as this process, and that this one has lost.
func (e *epoch) checkDuplicate(p *peer, err error) {
	c, refused := e.core, refusedError{}
	if c.stopping || !errors.As(err, &refused) {
		return
	}
	switch refused.Code {
	case wire.OldIncarnation:
		c.exit(duplicateError{fmt.Sprintf("another node runs as %s and has taken the place of this one at %s: %v", c.self, p.id, refused)})
	case wire.AlreadyConnected:
		if p.otherWait == 0 {
			p.otherSince = c.now
			p.otherWait = duplicateWait + time.Duration(c.Rand.Int64N(int64(duplicateWait)))
		}
		if c.now-p.otherSince >= p.otherWait*time.Duration(min(1+e.welcomes(), duplicateFactor)) {
			c.exit(duplicateError{fmt.Sprintf("another node runs as %s: %s has refused this one for %v: %v", c.self, p.id, (c.now - p.otherSince).Round(time.Second), refused)})
		}
	}
}

// welcomes returns how many peers have let this node in at present.
func (e *epoch) welcomes() (n int) {
	for _, out := range e.out {
		if out.up && !out.self() {
			n++
		}
	}
	return n
}
