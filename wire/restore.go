package wire

import (
	"fmt"

	"chandy/snapshot"
)

// RestoreRequest asks the cluster to go back to a saved snapshot.
type RestoreRequest struct {
	// Snapshot is the id of the snapshot.
	Snapshot snapshot.ID `json:"snapshot"`
	// Manifest is the sha256 of its manifest in hexadecimal.
	Manifest string `json:"manifest"`
	// DryRun asks only who would take part. Nothing changes.
	DryRun bool `json:"dry_run,omitempty"`
	// Hold lets the new epoch begin held, until a [ResumeRequest].
	Hold bool `json:"hold,omitempty"`
	// Branch is the epoch in which history left the branch of the snapshot. Zero means that
	// the snapshot must be on the line of history.
	Branch uint64 `json:"branch,omitempty"`
	// TimeoutMS is the time until the decision in milliseconds, at most 24 hours. Zero means
	// one minute.
	TimeoutMS int64 `json:"timeout_ms,omitempty"`
}

// Fault returns what is wrong with the request, or an empty text.
func (r RestoreRequest) Fault() string {
	p := Proposal{Number: 2, Ends: 1, Kind: KindByHand, Base: r.Snapshot, Manifest: r.Manifest}
	switch fault := p.fault(); {
	case r.Snapshot == "":
		return `"snapshot" is missing`
	case len(r.Snapshot) > NameMax:
		return fmt.Sprintf(`"snapshot" has %d bytes, more than %d`, len(r.Snapshot), NameMax)
	case fault != nil:
		return fault.Error()
	}
	return ""
}

// ResumeRequest ends the hold with which the epoch began.
type ResumeRequest struct{}

func (RestoreRequest) kind() string { return "restore" }
func (ResumeRequest) kind() string  { return "resume" }

// StageReply is the body of a progress reply to a [RestoreRequest]: how far a process is.
type StageReply struct {
	Process   snapshot.ProcessID `json:"process"`
	Stage     string             `json:"stage"` // see [StageName]
	Messages  uint64             `json:"messages"`
	ElapsedMS float64            `json:"elapsed_ms"`
}

// RestoreReply is the body of the end reply to a [RestoreRequest].
type RestoreReply struct {
	// Epoch is the new epoch; zero after a dry run.
	Epoch uint64 `json:"epoch"`
	// Votes says what each process answered to a dry run, sorted by process.
	Votes     []VoteReply `json:"votes,omitempty"`
	ElapsedMS float64     `json:"elapsed_ms"`
}

// VoteReply is what a process answered to a dry run.
type VoteReply struct {
	Process snapshot.ProcessID `json:"process"`
	No      string             `json:"no"` // why it would not take part; empty if it would
}

// Codes of an [ErrorReply] to a [RestoreRequest] or a [ResumeRequest].
const (
	CodeNotRestored = "not restored" // the restore could not begin, or was aborted; the cluster runs on
	CodeNotHeld     = "not held"     // there is nothing to resume
)
