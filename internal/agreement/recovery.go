package agreement

import (
	"fmt"
	"time"

	"chandy/internal/saved"
)

// retryRecoveryAfter is the time after which a process proposes a recovery again.
const retryRecoveryAfter = time.Second

// doom holds the program when a process has restarted within the epoch: what happens from
// then on is going to be rolled back. An incarnation of this epoch that the commit does
// not list is younger than the listed one, which is dead.
func (a *Agent) doom() {
	if !a.options.Recover || a.doomed || a.role != Listed || a.Epoch() == 0 {
		return
	}
	for _, p := range a.peers {
		if p.id != a.self && a.restarted(p) {
			a.doomed = true
			a.do(Hold{p.id})
			return
		}
	}
}

// restarted reports whether a process was heard in this epoch as an incarnation that the
// commit does not list.
func (a *Agent) restarted(p peer) bool {
	return p.incarnation != "" && p.epoch == a.Epoch() && !lists(&a.commit, p.id, p.incarnation)
}

// recovering reports whether this process waits for a recovery.
func (a *Agent) recovering() bool {
	return a.options.Recover && a.Epoch() != 0 && (a.role == Joining && !a.options.Start || a.doomed)
}

// Recovering reports whether this process waits for a recovery, and which processes it has
// not heard while it would propose one.
func (a *Agent) Recovering() (is bool, absent string) {
	if t := a.attempt; t != nil && t.phase == gathering {
		absent = a.absent()
	}
	return a.recovering(), absent
}

// recover begins a recovery, or sets the alarm after which this process does. The first
// process without a program begins at once; if two begin, their proposals are equal.
func (a *Agent) recover() {
	if !a.recovering() || a.ballot != nil || a.attempt != nil || a.alarmed {
		return
	}
	if a.role == Joining && a.firstToJoin() {
		a.attempt = &attempt{Order: Order{Kind: saved.Recovery}}
		return
	}
	a.recoverLater(recoverAfter)
}

func (a *Agent) recoverLater(after time.Duration) {
	if a.recovering() && !a.alarmed {
		a.alarmed = true
		a.do(Alarm{Recover, after})
	}
}

// firstToJoin reports whether no process before this one is known to be without a program.
func (a *Agent) firstToJoin() bool {
	for _, p := range a.peers {
		if p.id == a.self || a.restarted(p) {
			return p.id == a.self
		}
	}
	return false
}

// Blocked returns why a recovery waits for a restore by hand, because snapshots are corrupt.
// It returns an empty text if the recovery may begin. With older, it may go to an older
// snapshot by itself.
func Blocked(r saved.Reading, older bool) string {
	switch next := Target(r); {
	case len(r.Corrupt) == 0:
		return ""
	case r.NoneLeft():
		return fmt.Sprintf("%s; there is no older snapshot", r.Corrupt[0])
	case older:
		return ""
	case next == "":
		return fmt.Sprintf("%s; only the initial state is older", r.Corrupt[0])
	default:
		return fmt.Sprintf("%s; the next older one is %s", r.Corrupt[0], next)
	}
}
