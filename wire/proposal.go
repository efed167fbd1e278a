package wire

import (
	"fmt"
	"strings"

	"chandy/snapshot"
)

// ProposalKind says what a [Proposal] is for.
type ProposalKind uint8

// The kinds of proposals.
const (
	KindByHand   ProposalKind = 1
	KindRecovery ProposalKind = 2
)

// Proposal proposes to end an epoch and to begin the next one from a saved snapshot.
type Proposal struct {
	// Number is the number of the decision. It is also the next epoch, if the decision is a
	// commit.
	Number uint64
	// Ends is the current epoch.
	Ends uint64
	Kind ProposalKind
	// Base is the saved snapshot from which the next epoch begins; empty for the initial
	// state.
	Base snapshot.ID
	// Manifest is the sha256 of the manifest of Base in hexadecimal; empty if Base is.
	Manifest string
	// BranchLeft is the epoch in which history left the branch of Base; 0 if it has not.
	BranchLeft uint64
	// Held lets the next epoch begin held.
	Held bool
	// Dry asks for votes that decide nothing.
	Dry bool
	// Store is the id of the store that the proposer sees; empty if it sees none.
	Store string
}

// String returns the proposal without its kind of frame.
func (p Proposal) String() string {
	text := fmt.Sprintf("%d, from epoch %d to %s", p.Number, p.Ends, shown(p.Base))
	if p.Kind == KindRecovery {
		text += ", recovery"
	}
	if p.Held {
		text += ", held"
	}
	if p.Dry {
		text += ", dry"
	}
	return text
}

func (p Proposal) append(b []byte) []byte {
	if err := p.fault(); err != nil {
		bug("proposal: %v", err)
	}
	b = appendUint(b, p.Number)
	b = appendUint(b, p.Ends)
	b = append(b, byte(p.Kind))
	b = appendName(b, "base", p.Base)
	b = appendName(b, "manifest", p.Manifest)
	b = appendUint(b, p.BranchLeft)
	return appendName(appendBool(appendBool(b, p.Held), p.Dry), "store", p.Store)
}

func decodeProposal(d *decoder) Proposal {
	p := Proposal{
		Number: d.uint("number"), Ends: d.uint("ends"),
		Kind: ProposalKind(d.byte("kind", byte(KindByHand), byte(KindRecovery))),
		Base: snapshot.ID(d.name("base")), Manifest: d.name("manifest"), BranchLeft: d.uint("branch left"),
		Held: d.byte("held", 0, 1) == 1, Dry: d.byte("dry", 0, 1) == 1, Store: d.name("store"),
	}
	if d.err == nil {
		d.check(p.fault())
	}
	return p
}

func (p Proposal) fault() error {
	switch {
	case p.Kind < KindByHand || p.Kind > KindRecovery:
		return fmt.Errorf("kind is %d", p.Kind)
	case p.Ends < 1 || p.Number <= p.Ends:
		return fmt.Errorf("number %d does not follow epoch %d", p.Number, p.Ends)
	case (p.Base == "") != (p.Manifest == ""):
		return fmt.Errorf("base %q has the manifest %q", p.Base, p.Manifest)
	case p.Manifest != "" && (len(p.Manifest) != 64 || strings.Trim(p.Manifest, "0123456789abcdef") != ""):
		return fmt.Errorf("manifest %q is not 64 hexadecimal digits", p.Manifest)
	}
	return nil
}
