package core

import (
	"fmt"
	"slices"
	"time"

	"chandy/wire"
)

// waitingHello is a connection from outside that waits for the node's first epoch. The node
// reads its store at first. That usually takes a millisecond, and a peer that is refused
// meanwhile would come again only after a while.
type waitingHello struct {
	core *Core
	Accepted
}

// firstEpochWait is how long a hello waits. A client may then learn from the status why there
// is no epoch.
const firstEpochWait = time.Second

// wait keeps a hello until the first epoch begins, and reports whether it does.
func (c *Core) wait(a Accepted) bool {
	if c.epoch != nil || c.agree == nil || c.now >= firstEpochWait || a.Hello.Role == wire.RoleAgreement {
		return false
	}
	w := &waitingHello{c, a}
	c.handle(a.Conn, w)
	c.early = append(c.early, w)
	return true
}

// admitWaiting takes the hellos that have waited for the first epoch.
func (c *Core) admitWaiting() {
	all := c.early
	c.early = nil
	for _, w := range all {
		c.unhandle(w.Conn)
		c.accepted(w.Accepted)
	}
}

func (w *waitingHello) String() string { return "a hello" }

func (w *waitingHello) frame(f wire.Frame) error {
	return fmt.Errorf("%s does not belong before the answer to a hello", f.Type())
}

func (w *waitingHello) closed(error) {
	w.core.early = slices.DeleteFunc(w.core.early, func(one *waitingHello) bool { return one == w })
}
