package core

import (
	"errors"
	"fmt"
	"time"

	"chandy/internal/printable"
	"chandy/snapshot"
	"chandy/wire"
)

// dialler opens a connection to a peer's node, and opens it again when it breaks, with
// back-off and jitter. All connections that a node dials have one.
type dialler struct {
	conn    ConnID               // 0 if there is none
	knew    snapshot.Incarnation // of the peer, when the hello was written
	up      bool                 // welcomed
	backoff time.Duration
	retry   *timer
	stats   linkStats
}

const (
	backoffMin = 20 * time.Millisecond
	backoffMax = time.Second
	// HelloTimeout is how long a connection may take until its hello is answered.
	HelloTimeout = 5 * time.Second
)

// redialLater schedules the next attempt, after a random time between half the
// back-off and all of it. The back-off doubles each time.
func (d *dialler) redialLater(e *epoch, dial func()) {
	d.backoff = min(max(backoffMin, 2*d.backoff), backoffMax)
	d.retry.cancel()
	d.retry = e.after(d.backoff/2+time.Duration(e.core.Rand.Int64N(int64(d.backoff/2))), dial)
}

// sendHello sends a hello, and ends the connection if no answer comes in time.
func (d *dialler) sendHello(e *epoch, role wire.Role, p *peer) {
	c, conn := e.core, d.conn
	d.knew = p.Incarnation
	c.write(conn, wire.Hello{
		Role: role, VersionMin: wire.Version, VersionMax: wire.Version,
		Cluster: c.Cluster.Name, ConfigHash: c.hash, Epoch: e.number,
		From: c.self, To: p.id, Incarnation: c.Incarnation, Peer: p.Incarnation,
	})
	e.after(HelloTimeout, func() {
		if d.conn == conn && !d.up {
			c.hangUp(conn, false, fmt.Errorf("no answer to the hello within %v", HelloTimeout))
		}
	})
}

// checkWelcome returns in which way a welcome breaks the protocol, or nil.
func (e *epoch) checkWelcome(w wire.Welcome) error {
	switch {
	case w.Version != wire.Version:
		return fmt.Errorf("welcome with version %d, but the hello offered %d only", w.Version, wire.Version)
	case w.Epoch != e.number:
		return fmt.Errorf("welcome in epoch %d to a hello in epoch %d", w.Epoch, e.number)
	case w.Incarnation == "":
		return errors.New("no incarnation in the welcome")
	}
	return nil
}

// welcomed is called when the peer has accepted the hello.
func (d *dialler) welcomed(c *Core, p *peer) {
	p.otherWait = 0
	c.watchAlive(d.conn)
	d.up, d.backoff = true, 0
	d.stats.wentUp(c.now)
}

// connClosed takes the end of the connection. It reports whether the link was up, and
// whether the error differs from the one before, so that it is worth a line in the log.
func (d *dialler) connClosed(c *Core, err error) (wasUp, news bool) {
	if err == nil {
		err = errClosed
	}
	wasUp = d.up
	news = wasUp || d.stats.lastErr == nil || d.stats.lastErr.Error() != err.Error()
	d.stats.failed(c.now, wasUp, err)
	d.conn, d.up = 0, false
	return wasUp, news
}

// refusedError is a refusal by the peer.
type refusedError struct{ wire.Refuse }

func (e refusedError) Error() string {
	return printable.Text(fmt.Sprintf("refused: %s: %s", e.Code, e.Text))
}
