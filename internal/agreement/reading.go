package agreement

import (
	"fmt"
	"slices"

	"chandy/internal/saved"
)

// read asks for a reading that begins from now on. A reading that was asked for before is
// too old: what this call is about may have changed since.
func (a *Agent) read() {
	switch a.reading {
	case idle:
		a.reading = asked
		a.do(ReadStore{})
	case asked:
		a.again = true
	}
}

// Read answers [ReadStore]. The cause of an error is tried again.
func (a *Agent) Read(r saved.Reading, err error) []Effect {
	if err != nil {
		a.fail(&a.reading)
		return a.effects()
	}
	a.reading = idle
	a.learn(r.Decided, commit(r), r.Run)
	if a.again {
		a.again = false
		a.read()
		return a.effects()
	}
	a.propose(r)
	a.storeAppeared(r)
	a.turnToNext()
	a.check(r)
	a.poll()
	return a.effects()
}

// poll sets the alarm after which the store is read again.
func (a *Agent) poll() {
	if a.held || a.role == Joining || a.ballot != nil && a.ballot.stage == checking {
		a.do(Alarm{Poll, pollAfter})
	} else {
		a.do(Alarm{Poll, idlePollAfter})
	}
}

// fail notes that the store failed to do something. It is tried again.
func (a *Agent) fail(c *call) {
	*c = failed
	a.do(Alarm{Retry, retryAfter})
}

func (a *Agent) retry() {
	if a.reading == failed {
		a.reading = idle
		a.read()
	}
	for i := range a.creating {
		if c := &a.creating[i]; c.call == failed {
			c.call = asked
			a.do(Create{c.Decision, c.makeStore})
		}
	}
	if a.keeping == failed {
		a.keep()
	}
	if a.running == failed {
		a.running = asked
		a.do(CreateRun{a.Epoch()})
	}
}

// learn takes what the store holds: the highest number that is decided, and a commit.
func (a *Agent) learn(decided uint64, commit saved.Decision, run bool) {
	a.decided = max(a.decided, decided)
	if commit.Number > a.Epoch() {
		a.adopt(commit, run)
	} else if b := a.ballot; b != nil && !b.Dry && b.Number <= a.decided {
		a.unbind()
	}
	if commit.Number == a.Epoch() && run && a.held {
		a.held = false
		a.do(Run{})
	}
	a.conclude()
}

// adopt goes to the epoch of a commit.
func (a *Agent) adopt(d saved.Decision, run bool) {
	a.commit, a.held, a.doomed, a.running = d, d.Held && !run, false, idle
	switch {
	case lists(&d, a.self, a.incarnation):
		a.role, a.options.Start = Listed, false
		a.ballot = nil // its instance becomes the program
	case a.options.Join:
		a.role = Joining
	default:
		a.role = Initial
	}
	if b := a.ballot; b != nil && (b.Dry || b.Number <= a.decided) {
		a.refuse("the epoch has ended")
	}
	if t := a.attempt; t != nil && t.Kind == saved.Recovery && t.phase <= looking && !a.recovering() {
		a.attempt = nil
	}
	a.do(Adopt{Decision: d, As: a.role, Held: a.held})
	a.doom()
}

// Created answers [Create] of a number with the decision that lies in the store.
func (a *Agent) Created(number uint64, d saved.Decision, err error) []Effect {
	i := a.creation(number)
	if err != nil {
		a.fail(&a.creating[i].call)
		return a.effects()
	}
	a.creating = slices.Delete(a.creating, i, i+1)
	commit := a.commit
	t := a.attempt
	mine := t != nil && !t.Dry && t.phase >= voting && t.proposal.Number == number
	switch {
	case d.Verdict == saved.Commit:
		commit = d
	case mine:
		a.end(0, fmt.Sprintf("aborted by %s: %s", d.By, d.Why))
	}
	a.learn(number, commit, false)
	a.poll()
	if mine {
		a.tell(Look{number})
	}
	return a.effects()
}

// Resume ends the hold with which the epoch began, at every process. It returns false if
// there is no hold.
func (a *Agent) Resume() ([]Effect, bool) {
	if !a.held {
		return nil, false
	}
	if a.running == idle {
		a.running = asked
		a.do(CreateRun{a.Epoch()})
	}
	return a.effects(), true
}

// RunCreated answers [CreateRun].
func (a *Agent) RunCreated(number uint64, err error) []Effect {
	switch {
	case number != a.Epoch() || a.running != asked: // of an epoch that has ended
	case err != nil:
		a.fail(&a.running)
	default:
		a.running = idle
		a.learn(a.decided, a.commit, true)
		a.tell(Look{number})
	}
	return a.effects()
}
