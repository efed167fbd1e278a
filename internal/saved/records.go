package saved

import (
	"slices"

	"chandy/snapshot"
)

// Node is one lifetime of a process.
type Node struct {
	Process     snapshot.ProcessID   `json:"process"`
	Incarnation snapshot.Incarnation `json:"incarnation"`
}

// Taken says that a snapshot has taken its number within the epoch. The number is taken
// before the snapshot is initiated, so numbers follow the order of the cuts.
type Taken struct {
	Epoch     uint64      `json:"epoch"`
	Number    uint64      `json:"number"` // 0 if it is made from another snapshot or from a file
	ID        snapshot.ID `json:"id"`
	Name      string      `json:"name,omitempty"`
	By        Node        `json:"by"` // the assembler
	TimeoutMS uint64      `json:"timeout_ms"`
}

// Format returns the format of the record.
func (*Taken) Format() string { return "chandy/taken.v1" }

// Abandoned says that a snapshot will not be saved. It lies where the manifest would lie,
// so that a snapshot has the one or the other.
type Abandoned struct {
	Epoch  uint64      `json:"epoch"`
	Number uint64      `json:"number"`
	ID     snapshot.ID `json:"id"`
	Why    string      `json:"why"`
	By     Node        `json:"by"`
}

// Format returns the format of the record.
func (*Abandoned) Format() string { return "chandy/abandoned.v1" }

// Verdict is what a [Decision] decides.
type Verdict string

// The verdicts.
const (
	Commit Verdict = "commit"
	Abort  Verdict = "abort"
)

// Kind says who wanted a restore.
type Kind string

// The kinds. A proposal by hand and one of a recovery are never equal.
const (
	ByHand   Kind = "by hand"
	Recovery Kind = "recovery"
)

// Decision decides the proposal of number N. A commit begins epoch N; after an abort there
// is no epoch N.
type Decision struct {
	Number  uint64  `json:"number"`
	Verdict Verdict `json:"verdict"`
	Kind    Kind    `json:"kind"`
	Ends    uint64  `json:"ends"` // the epoch that a commit ends
	// Snapshot is the base of the new epoch; empty means the initial state.
	Snapshot snapshot.ID `json:"snapshot"`
	// Manifest is the sha256 of the bytes of the manifest as they lie in the store, in
	// hexadecimal. It is empty for the initial state.
	Manifest string `json:"manifest_sha256"`
	// Voters has every process, sorted, with the incarnation that voted. Only these run a
	// program in the new epoch from the base.
	Voters []Node             `json:"voters"`
	Held   bool               `json:"held"`
	By     snapshot.ProcessID `json:"by"`
	Why    string             `json:"why,omitempty"`
	// BranchLeft is the epoch in which history left the branch of the snapshot. Zero means
	// that the snapshot is on the line of history.
	BranchLeft uint64 `json:"branch_left,omitempty"`
	// AtMS is when it was decided, in milliseconds since 1970, by the wall clock of By.
	AtMS int64 `json:"at_ms,omitempty"`
	// Crashes are the processes that have ended soon after the restore before, which had the
	// same base. They count on from the commit before, so that they outlive every node.
	Crashes []Crash `json:"crashes,omitempty"`
}

// Crash says how often in a row a process has ended soon after a restore of the same base.
type Crash struct {
	Process snapshot.ProcessID `json:"process"`
	Count   int                `json:"count"`
	// Ending is how it ended the last time that it could say so, or nil.
	Ending *Ending `json:"ending,omitempty"`
}

// Same reports whether two crashes have the same process and count.
func (c Crash) Same(d Crash) bool { return c.Process == d.Process && c.Count == d.Count }

// Format returns the format of the record.
func (*Decision) Format() string { return "chandy/decision.v1" }

// Run says that a held epoch runs.
type Run struct {
	Number uint64 `json:"number"` // of the epoch
}

// Format returns the format of the record.
func (*Run) Format() string { return "chandy/run.v1" }

// Fate says that a snapshot is kept for a proposal, or removed. The fates of a snapshot are
// a sequence, of which the last one counts.
type Fate struct {
	ID       snapshot.ID `json:"id"`
	Sequence uint64      `json:"sequence"` // 1, 2, 3 …
	// KeptFor is the number of the proposal for which the snapshot is kept. Zero means that
	// it is removed.
	KeptFor uint64 `json:"kept_for,omitempty"`
	Removed bool   `json:"removed,omitempty"`
}

// Format returns the format of the record.
func (*Fate) Format() string { return "chandy/fate.v1" }

// Reading is what a store says about the epoch. The agreement of a restore acts on it.
type Reading struct {
	// Store is the id of the store; empty if there is none.
	Store string
	// Decided is the highest number that is decided, or 1 if none is.
	Decided uint64
	// Commit is the commit with the highest number, which is the current epoch. Nil means
	// epoch 1, which began from the initial state.
	Commit *Decision
	// Recent reports whether Commit was decided less than a minute ago. The caller sets it.
	Recent bool
	// Run reports whether a held epoch has been resumed. It means something only if
	// Commit.Held is set.
	Run bool
	// Newest is the newest saved snapshot of the current epoch, or nil if there is none.
	// Snapshots that are proved corrupt or cannot be restored are left out. If the base of the epoch is corrupt too,
	// Newest is the newest one before it in the line of history.
	Newest *Ref
	// NotRestorable is the newest of those that are newer than Newest and cannot be restored.
	// It is empty if there is none.
	NotRestorable snapshot.ID
	// Endings are those of processes in the current epoch.
	Endings []Ending
	// Corrupt lists snapshots that are newer than Newest and proved corrupt, the newest first:
	// those of the current epoch, and its base if nothing else is left of it.
	Corrupt []Damaged
}

// NoneLeft reports whether the base of the epoch is corrupt, and there is no other snapshot to
// go back to.
func (r *Reading) NoneLeft() bool {
	return r.Newest == nil && r.Base() != "" && slices.ContainsFunc(r.Corrupt, func(d Damaged) bool { return d.ID == r.Base() })
}

// Epoch returns the number of the current epoch.
func (r *Reading) Epoch() uint64 {
	if r.Commit == nil {
		return 1
	}
	return r.Commit.Number
}

// Base returns the snapshot from which the current epoch began; empty means the initial
// state.
func (r *Reading) Base() snapshot.ID {
	if r.Commit == nil {
		return ""
	}
	return r.Commit.Snapshot
}

// Ending returns how a process ended in the current epoch, or nil if it left no word.
func (r *Reading) Ending(process snapshot.ProcessID) *Ending {
	for i := range r.Endings {
		if r.Endings[i].By.Process == process {
			return &r.Endings[i]
		}
	}
	return nil
}

// Ref names a saved snapshot and the bytes of its manifest.
type Ref struct {
	ID       snapshot.ID
	Number   uint64
	Manifest string // sha256, as in Decision.Manifest
}
