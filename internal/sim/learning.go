package sim

import (
	"chandy/internal/saved"
	"chandy/internal/store"
)

// learning is a store that notes of which epochs its node reads.
type learning struct {
	*store.Store
	node *node
}

func (l learning) Reading() (saved.Reading, error) {
	r, err := l.Store.Reading()
	if err == nil {
		l.node.seen = max(l.node.seen, r.Epoch())
	}
	return r, err
}

func (l learning) Decide(d saved.Decision) (decided saved.Decision, mine bool, err error) {
	decided, mine, err = l.Store.Decide(d)
	if err == nil && decided.Verdict == saved.Commit {
		l.node.seen = max(l.node.seen, decided.Number)
	}
	return decided, mine, err
}

// mayRun checks that a program of an epoch may run: its node was not told of a newer one, no
// process has restarted, and none has saved in order to stop.
func (n *node) mayRun(l *line) {
	switch {
	case l.number < n.learned:
		n.world.fail("%s runs in epoch %d after it learned of epoch %d", n.id, l.number, n.learned)
	case n.world.heldToStop[l.number] != "":
		n.world.fail("%s runs in epoch %d after %s was saved for a stop", n.id, l.number, n.world.heldToStop[l.number])
	case n.doomed:
		n.world.fail("%s runs in epoch %d after it learned that a process has restarted", n.id, l.number)
	}
}
