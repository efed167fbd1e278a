package core

import (
	"fmt"
	"slices"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// takeover is a connection whose hello names another incarnation of a process than the
// known one. The new incarnation takes over only when both conditions hold:
//
//   - It lives: it answers a ping. The hello of a node that has died since can arrive
//     late.
//   - The known incarnation does not answer a ping within takeoverWait. Two nodes can
//     run as the same process by mistake, and the first one keeps its place.
type takeover struct {
	epoch    *epoch
	accepted Accepted
	begun    time.Duration
	lives    bool
	timers   [2]*timer
	asked    []ConnID             // connections of the known incarnation, when the takeover began
	known    snapshot.Incarnation // when the takeover began
}

const (
	takeoverWait = time.Second
	// takeoversMax is how many takeovers may be undecided at once, and takeoversOfOne how
	// many of them by nodes of one process. A node that restarts needs one for its channel
	// and one for its parts of snapshots.
	takeoversMax   = 256
	takeoversOfOne = 4
)

// takeOver begins a takeover.
func (e *epoch) takeOver(a Accepted) {
	c, p := e.core, e.peers[a.Hello.From]
	if p.takeovers >= takeoversOfOne || e.takeovers >= takeoversMax {
		c.refuse(a, &wire.Refuse{Code: wire.Busy, Text: fmt.Sprintf("%s waits for too many restarted nodes to prove that they live: try again", c.self)})
		return
	}
	p.takeovers++
	e.takeovers++
	t := &takeover{epoch: e, accepted: a, begun: c.now, known: p.Incarnation}
	t.asked = t.knownConns()
	c.handle(a.Conn, t)
	c.emit(Probe{a.Conn})
	for _, id := range append(t.asked, a.Conn) {
		c.ping(id)
	}
	t.timers[0] = e.after(takeoverWait, t.decide)
	t.timers[1] = e.after(max(0, HelloTimeout-a.Waited), func() {
		c.hangUp(a.Conn, false, fmt.Errorf("no answer to a ping within %v of its connection", HelloTimeout))
	})
}

// knownConns lists the channel connections with the known incarnation.
func (t *takeover) knownConns() []ConnID {
	var ids []ConnID
	p := t.epoch.peers[t.accepted.Hello.From]
	if p.outgoing != nil && p.outgoing.up {
		ids = append(ids, p.outgoing.conn)
	}
	if p.incoming != nil && p.incoming.conn != 0 {
		ids = append(ids, p.incoming.conn)
	}
	return ids
}

func (t *takeover) String() string {
	return fmt.Sprintf("takeover by %s", t.accepted.Hello.From)
}

// closed is also called by release: it ends what the takeover holds, on each path.
func (t *takeover) closed(error) {
	t.epoch.peers[t.accepted.Hello.From].takeovers--
	t.epoch.takeovers--
	for _, one := range t.timers {
		one.cancel()
	}
}

func (t *takeover) frame(f wire.Frame) error {
	if _, ok := f.(wire.Pong); !ok {
		return fmt.Errorf("%s does not belong here", f.Type())
	}
	t.lives = true
	t.decide()
	return nil
}

// decide refuses the new incarnation if the known one has answered. Otherwise it admits
// the new one, once that lives and the known one has had its time to answer or has no
// connection to answer on.
func (t *takeover) decide() {
	c, from := t.epoch.core, t.accepted.Hello.From
	if !t.lives {
		return
	}
	if t.epoch.peers[from].Incarnation != t.known {
		// A third incarnation took over meanwhile. That this one lived before proves
		// nothing about now.
		c.hangUp(t.accepted.Conn, false, nil)
		return
	}
	known := t.knownConns()
	for _, id := range known {
		// A connection that was opened since the takeover began proves that the known
		// incarnation lives. So does the answer to a ping, but to none that was sent
		// before: it may have come from a node that has died since.
		if !slices.Contains(t.asked, id) || c.conns[id].alive.answered >= t.begun {
			t.release()
			c.refuse(t.accepted, &wire.Refuse{
				Code: wire.AlreadyConnected,
				Text: fmt.Sprintf("another live node is running as %s", from) + t.epoch.peers[from].connectedFrom(),
			})
			return
		}
	}
	if len(known) == 0 || c.now-t.begun >= takeoverWait {
		t.release()
		t.epoch.admit(t.accepted)
	}
}

// release detaches the connection from the takeover.
func (t *takeover) release() {
	t.epoch.core.unhandle(t.accepted.Conn)
	t.closed(nil)
}
