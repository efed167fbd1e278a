package diagram

// Sign says how something in one of two snapshots relates to the other snapshot.
type Sign int

const (
	Single  Sign = iota // there is no other snapshot
	Same                // equal in both
	Changed             // a state
	Gone                // a message that is in flight only in the first snapshot
	New                 // a message that is in flight only in the second snapshot
	Unsure              // the other snapshot does not say
)

// String returns the character that stands before a text.
func (s Sign) String() string { return [...]string{"", "=", "≠", "−", "+", "?"}[s] }

// mark writes the sign before a text.
func (s Sign) mark(text string) string {
	if s == Single {
		return text
	}
	return s.String() + " " + text
}

// phrase says of a message in flight what its sign means.
func (s Sign) phrase(half int) string {
	own, other := letters[half], letters[1-half]
	switch s {
	case Same:
		return ", in flight in A and in B"
	case Gone:
		return ", in flight in A, no longer in B"
	case New:
		return ", in flight in B, not in A"
	case Unsure:
		return ", in flight in " + own + "; " + other + " does not say"
	}
	return ""
}

// letters name the two snapshots of a pair.
var letters = [2]string{"A", "B"}
