package core

import (
	"fmt"
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
	giveUp   *timer
	pongs    map[ConnID]uint64    // from the known incarnation, when the takeover began
	known    snapshot.Incarnation // when the takeover began
}

const takeoverWait = time.Second

// takeOver begins a takeover.
func (e *epoch) takeOver(a Accepted) {
	c := e.core
	t := &takeover{epoch: e, accepted: a, begun: c.now, pongs: map[ConnID]uint64{}, known: e.peers[a.Hello.From].Incarnation}
	c.handle(a.Conn, t)
	c.emit(Accept{a.Conn})
	c.write(a.Conn, wire.Ping{})
	for _, id := range t.knownConns() {
		t.pongs[id] = c.conns[id].alive.pongs
		c.write(id, wire.Ping{})
	}
	e.after(takeoverWait, t.decide) // does nothing once the takeover has ended
	t.giveUp = e.after(HelloTimeout, func() { c.hangUp(a.Conn, false, fmt.Errorf("no answer to a ping within %v", HelloTimeout)) })
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

func (t *takeover) closed(error) { t.giveUp.cancel() }

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
	if one := c.conns[t.accepted.Conn]; one == nil || one.handler != t || !t.lives {
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
		// incarnation lives.
		if before, asked := t.pongs[id]; !asked || c.conns[id].alive.pongs > before {
			t.release()
			c.refuse(t.accepted, &wire.Refuse{
				Code: wire.AlreadyConnected,
				Text: fmt.Sprintf("another live node is running as %s", from),
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
	t.giveUp.cancel()
	t.epoch.core.unhandle(t.accepted.Conn)
}
