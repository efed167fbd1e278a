package wire

import (
	"fmt"

	"chandy/snapshot"
)

// Vote answers a [Propose].
type Vote struct {
	Proposal
	// Incarnation is the incarnation of the voter.
	Incarnation snapshot.Incarnation
	// No says for people why the vote is no. It is empty if the vote is yes. Append cuts it
	// to TextMax bytes.
	No string
}

// Type returns TypeVote.
func (Vote) Type() Type { return TypeVote }

// String returns the fields.
func (v Vote) String() string {
	if v.No != "" {
		return fmt.Sprintf("vote of %s on %s: no, %q", shown(v.Incarnation), v.Proposal, v.No)
	}
	return fmt.Sprintf("vote of %s on %s: yes", shown(v.Incarnation), v.Proposal)
}

func (v Vote) append(b []byte) []byte {
	b = appendName(v.Proposal.append(b), "incarnation", v.Incarnation)
	return appendText(b, v.No)
}

func decodeVote(d *decoder) Frame {
	return Vote{Proposal: decodeProposal(d), Incarnation: snapshot.Incarnation(d.name("incarnation")), No: d.text("no")}
}
