package agreement

import (
	"fmt"

	"chandy/internal/saved"
)

// The store of a cluster begins with its first recovery, which makes it. A folder that is not
// mounted yet looks as if there were no store. So a store is made only by a commit for which
// every process has said that it sees none. Until then nothing can be aborted either: the
// proposer asks again and again, and the voters stay bound to the one proposal that there
// can be.

// otherStore says how the stores of a proposer and of a voter differ.
func otherStore(proposer, voter string) string {
	shown := func(id string) string {
		if id == "" {
			return "none"
		}
		return id
	}
	return fmt.Sprintf("all processes must see one store: the proposer sees %s, and this process %s", shown(proposer), shown(voter))
}

func (a *Agent) askLater() {
	a.alarmed = true
	a.do(Alarm{Recover, retryRecoveryAfter})
}

// askWithoutStore asks those that have not voted yes again, and looks whether there is a
// store now.
func (a *Agent) askWithoutStore() {
	t := a.attempt
	if t == nil || t.phase != voting || t.Dry || t.proposal.Store != "" {
		return
	}
	for i := range a.peers {
		if p := &a.peers[i]; p.heard {
			a.askAgain(p)
		}
	}
	a.read()
	a.askLater()
}

// storeAppeared ends a proposal that was made without a store, if there is one now.
func (a *Agent) storeAppeared(r saved.Reading) {
	if t := a.attempt; t != nil && t.phase == voting && !t.Dry && t.proposal.Store == "" && r.Store != "" {
		a.decide(t.proposal.decision(saved.Abort, a.self, "there is a store now"))
	}
}

// is reports whether d is the decision on the attempt's proposal.
func (t *attempt) is(d *saved.Decision) bool {
	p := decided(d)
	p.Store = t.proposal.Store
	return p == t.proposal
}
