package core

import (
	"fmt"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// takeover is a connection whose hello names another incarnation of a process than
// the one that is known here. It takes the place of that one only when it is known
// to live, by answering a ping (the hello of a node that died since can be late),
// and the old one does not answer any more within takeoverWait (two nodes can run
// as the same process by mistake).
type takeover struct {
	core     *Core
	accepted Accepted
	begun    time.Duration
	lives    bool
	giveUp   *timer
	pongs    map[ConnID]uint64    // of the old connections, when it began
	known    snapshot.Incarnation // when it began
}

const takeoverWait = time.Second

// takeOver begins a takeover.
func (c *Core) takeOver(e Accepted) {
	t := &takeover{core: c, accepted: e, begun: c.now, pongs: map[ConnID]uint64{}, known: c.peers[e.Hello.From].Incarnation}
	c.use(e.Conn, t)
	c.do(Accept{e.Conn})
	c.write(e.Conn, wire.Ping{})
	for _, id := range t.old() {
		t.pongs[id] = c.conns[id].pulse.pongs
		c.write(id, wire.Ping{})
	}
	c.after(takeoverWait, t.decide)
	t.giveUp = c.after(HelloTimeout, func() { c.hangUp(e.Conn, false, fmt.Errorf("no answer to a ping within %v", HelloTimeout)) })
}

// old lists the channel connections with the incarnation that is known.
func (t *takeover) old() []ConnID {
	var ids []ConnID
	if out := t.core.outgoing(t.accepted.Hello.From); out != nil && out.up {
		ids = append(ids, out.conn)
	}
	if in := t.core.incoming(t.accepted.Hello.From); in != nil && in.conn != 0 {
		ids = append(ids, in.conn)
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

// decide lets the new incarnation in once it lives and the old one had its time to
// answer, or has no connection to answer on.
func (t *takeover) decide() {
	c := t.core
	if one := c.conns[t.accepted.Conn]; one == nil || one.use != t || !t.lives {
		return
	}
	if c.peers[t.accepted.Hello.From].Incarnation != t.known {
		// Somebody else took over meanwhile; that this one lived before says nothing.
		c.hangUp(t.accepted.Conn, false, nil)
		return
	}
	old := t.old()
	for _, id := range old {
		if before, asked := t.pongs[id]; !asked || c.conns[id].pulse.pongs > before {
			t.end()
			c.refuse(t.accepted, &wire.Refuse{
				Code: wire.AlreadyConnected,
				Text: fmt.Sprintf("another node runs as %s, and it lives", t.accepted.Hello.From),
			})
			return
		}
	}
	if len(old) == 0 || c.now-t.begun >= takeoverWait {
		t.end()
		c.admit(t.accepted)
	}
}

// end gives the connection free for what has been decided.
func (t *takeover) end() {
	t.giveUp.cancel()
	t.core.unuse(t.accepted.Conn)
}
