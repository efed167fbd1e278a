package wire

import (
	"fmt"
	"time"
)

// Propose asks a process for its vote on a proposal.
type Propose struct {
	Proposal
	// TimeLeft is the remaining time until the deadline of the proposal.
	TimeLeft time.Duration
}

// Type returns TypePropose.
func (Propose) Type() Type { return TypePropose }

// String returns the fields.
func (p Propose) String() string { return fmt.Sprintf("propose %s (%s left)", p.Proposal, p.TimeLeft) }

func (p Propose) append(b []byte) []byte { return appendDuration(p.Proposal.append(b), p.TimeLeft) }

func decodePropose(d *decoder) Frame {
	return Propose{Proposal: decodeProposal(d), TimeLeft: d.duration("time left")}
}
