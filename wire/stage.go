package wire

import (
	"fmt"
	"time"
)

// StageName names what a process has done for a proposal.
type StageName uint8

// The stages, in their order.
const (
	Fetched  StageName = 1 + iota // the part has come from the store
	Verified                      // it is what was saved
	Loaded                        // a held instance has the state
	Refilled                      // the channels have their messages again
	Running                       // the program runs, or is held by the decision
)

// String returns the name of the stage in SPEC.md.
func (s StageName) String() string {
	if s < Fetched || s > Running {
		return fmt.Sprintf("stage %d", uint8(s))
	}
	return [...]string{Fetched: "fetched", Verified: "verified", Loaded: "loaded", Refilled: "refilled", Running: "running"}[s]
}

// Stage tells a proposer, for people, how far a process is.
type Stage struct {
	// Number is the number of the proposal.
	Number uint64
	Stage  StageName
	// Messages is how many restored messages the process is to receive; 0 in other stages.
	Messages uint64
	// Took is the time since the proposal came, or since the decision was read.
	Took time.Duration
}

// Type returns TypeStage.
func (Stage) Type() Type { return TypeStage }

// String returns the fields.
func (s Stage) String() string {
	return fmt.Sprintf("stage %s of %d (%d messages, after %s)", s.Stage, s.Number, s.Messages, s.Took)
}

func (s Stage) append(b []byte) []byte {
	if s.Stage < Fetched || s.Stage > Running {
		bug("stage %d", s.Stage)
	}
	b = append(appendUint(b, s.Number), byte(s.Stage))
	return appendDuration(appendUint(b, s.Messages), s.Took)
}

func decodeStage(d *decoder) Frame {
	return Stage{
		Number: d.uint("number"), Stage: StageName(d.byte("stage", byte(Fetched), byte(Running))),
		Messages: d.uint("messages"), Took: d.duration("took"),
	}
}
