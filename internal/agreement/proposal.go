package agreement

import (
	"fmt"
	"slices"
	"time"

	"chandy/internal/saved"
	"chandy/snapshot"
)

// FirstEpoch is the epoch of a cluster before any decision. Its base is the initial state.
const FirstEpoch = 1

// Proposal proposes to end an epoch and to begin the next one from a snapshot. Equal
// proposals are one proposal, whichever process made them.
type Proposal struct {
	Kind       saved.Kind
	Ends       uint64      // current epoch, which a commit ends
	Number     uint64      // number of the decision, and of the next epoch if it is a commit
	Snapshot   snapshot.ID // base of the next epoch; empty for the initial state
	Manifest   string      // sha256 of the manifest
	Held       bool        // the next epoch begins held
	BranchLeft uint64      // as in [saved.Decision]
	Store      string      // id of the store that the proposer sees; empty if it sees none
}

func (p Proposal) String() string {
	base := string(p.Snapshot)
	if base == "" {
		base = "the initial state"
	}
	held := ""
	if p.Held {
		held = ", held"
	}
	return fmt.Sprintf("%d: %s, from epoch %d to %s%s", p.Number, p.Kind, p.Ends, base, held)
}

// decision returns a decision on the proposal.
func (p Proposal) decision(v saved.Verdict, by snapshot.ProcessID, why string) saved.Decision {
	return saved.Decision{
		Number: p.Number, Verdict: v, Kind: p.Kind, Ends: p.Ends, Snapshot: p.Snapshot, Manifest: p.Manifest,
		Held: p.Held, By: by, Why: why, BranchLeft: p.BranchLeft,
	}
}

// decided returns the proposal on which d is the decision, without its store.
func decided(d *saved.Decision) Proposal {
	return Proposal{
		Kind: d.Kind, Ends: d.Ends, Number: d.Number, Snapshot: d.Snapshot, Manifest: d.Manifest,
		Held: d.Held, BranchLeft: d.BranchLeft,
	}
}

// commit returns the commit that a reading has. For [FirstEpoch] only its number is set.
func commit(r saved.Reading) saved.Decision {
	if r.Commit == nil {
		return saved.Decision{Number: FirstEpoch}
	}
	return *r.Commit
}

// Target returns the snapshot to which a recovery goes; empty means the initial state.
func Target(r saved.Reading) snapshot.ID {
	id, _ := latest(r)
	return id
}

// latest returns the snapshot to which a recovery goes, and the sha256 of its manifest: the
// newest saved one of the epoch, else the base.
func latest(r saved.Reading) (snapshot.ID, string) {
	if r.Newest != nil {
		return r.Newest.ID, r.Newest.Manifest
	}
	d := commit(r)
	return d.Snapshot, d.Manifest
}

// lists reports whether an incarnation of a process may run in the epoch that a commit
// begins.
func lists(d *saved.Decision, process snapshot.ProcessID, incarnation snapshot.Incarnation) bool {
	return slices.Contains(d.Voters, saved.Node{Process: process, Incarnation: incarnation})
}

// Message travels between the agents of two processes: a [Propose], a [Vote] or a [Look].
type Message interface{ String() string }

// Propose asks for a vote.
type Propose struct {
	Proposal
	Dry bool // the votes decide nothing
	// Left is the time until the deadline of the proposal. The caller sets it when it sends
	// the message: it knows when [OrderDeadline] will ring.
	Left time.Duration
}

// Vote answers a [Propose].
type Vote struct {
	Proposal
	Dry         bool
	Incarnation snapshot.Incarnation // of the voter
	No          string               // why the vote is no; empty for yes
}

// Look says that there is news in the store about a number: a decision, or that a held
// epoch runs. It is a hint: if it is lost, polls and deadlines lead to the same.
type Look struct{ Number uint64 }

func (m Propose) String() string {
	if m.Dry {
		return "propose dry " + m.Proposal.String()
	}
	return "propose " + m.Proposal.String()
}

func (m Vote) String() string {
	if m.No != "" {
		return fmt.Sprintf("no (%s) to %s", m.No, m.Proposal)
	}
	return fmt.Sprintf("yes of %s to %s", m.Incarnation, m.Proposal)
}

func (m Look) String() string { return fmt.Sprintf("look at %d", m.Number) }
