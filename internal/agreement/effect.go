package agreement

import (
	"fmt"
	"strings"
	"time"

	"chandy/internal/saved"
	"chandy/snapshot"
)

// Effect is something that the caller of an [Agent] must now do. The caller carries
// effects out in the order in which they were returned.
type Effect interface{ String() string }

// Effects that ask the store. Each is answered by one event, however late.
type (
	// ReadStore is answered by [Agent.Read]. The caller makes durable what it has read
	// before it answers.
	ReadStore struct{}
	// Keep marks a snapshot as kept for a number, so that nobody removes it while it may
	// become a base. It is answered by [Agent.Kept].
	Keep struct {
		Snapshot snapshot.ID
		Number   uint64
	}
	// Create creates a decision exclusively, and is answered by [Agent.Created] with the
	// decision that lies in the store. With MakeStore, the store is made first if there is
	// none: no process sees one.
	Create struct {
		Decision  saved.Decision
		MakeStore bool
	}
	// CreateRun creates the word that a held epoch runs, and is answered by
	// [Agent.RunCreated]. It is no failure if the word is there already.
	CreateRun struct{ Number uint64 }
)

// Effects on the program.
type (
	// Load fetches and verifies this process's part and loads it into a held instance. The
	// running program goes on. It is answered by [Agent.Loaded].
	Load struct{ Proposal Proposal }
	// Drop drops the instance of the last Load, whether it is loaded or not yet. The caller
	// must not answer that Load afterwards.
	Drop struct{}
	// Adopt ends whatever belongs to the current epoch, and begins another one.
	Adopt struct {
		Decision saved.Decision // the commit; only its Number is set for [FirstEpoch]
		As       Role
		Held     bool
	}
	// Hold lets the program receive nothing until the next Adopt: what it does is going to
	// be rolled back.
	Hold struct{ Restarted snapshot.ProcessID }
	// Wait says for people why this process does not vote yet.
	Wait struct{ Why string }
	// Run ends the hold with which the epoch began.
	Run struct{}
)

// Send sends a message. It may get lost.
type Send struct {
	To      snapshot.ProcessID
	Message Message
}

// Alarm asks for a call of [Agent.Rang] after some time. It replaces an alarm of the same
// name. An alarm that rings for nothing is harmless.
type Alarm struct {
	Name  AlarmName
	After time.Duration
}

// AlarmName names an alarm.
type AlarmName int

// The alarms.
const (
	OrderDeadline AlarmName = iota // of what this process proposes
	VoteDeadline                   // of what this process is bound to
	Retry                          // of what the store has failed to do
	Poll                           // for news in the store of which nobody has told this process
	Recover                        // for a recovery that this process proposes
)

// Ended reports the end of a restore that this process was asked for, or of a recovery that
// it proposed.
type Ended struct {
	Order     Order
	Committed uint64  // the new epoch; zero if there is none
	Why       string  // why there is none; empty for a dry run that ended with all votes
	Votes     []Voted // of a dry run, in the order of the topology; absent votes are left out
}

// Voted is what a process answered to a dry run.
type Voted struct {
	Process snapshot.ProcessID
	No      string // why it would not; empty if it would
}

// Role is what a process is in an epoch.
type Role int

// The roles.
const (
	Listed  Role = iota // the commit lists this incarnation: it runs what it has loaded
	Initial             // the program begins with its initial state
	Joining             // there is no program until the next epoch
)

func (r Role) String() string { return [...]string{"listed", "initial", "joining"}[r] }

func (n AlarmName) String() string {
	return [...]string{"order deadline", "vote deadline", "retry", "poll", "recover"}[n]
}

func (ReadStore) String() string   { return "read the store" }
func (e Keep) String() string      { return fmt.Sprintf("keep %s for %d", e.Snapshot, e.Number) }
func (e CreateRun) String() string { return fmt.Sprintf("create run of %d", e.Number) }
func (e Load) String() string      { return "load " + e.Proposal.String() }
func (Drop) String() string        { return "drop" }
func (e Hold) String() string      { return fmt.Sprintf("hold, because %s restarted", e.Restarted) }
func (Run) String() string         { return "run" }
func (e Wait) String() string      { return "wait: " + e.Why }
func (e Send) String() string      { return fmt.Sprintf("send %s: %s", e.To, e.Message) }
func (e Alarm) String() string     { return fmt.Sprintf("alarm %s in %v", e.Name, e.After) }

func (e Create) String() string {
	return fmt.Sprintf("create %s %s", e.Decision.Verdict, decided(&e.Decision))
}

func (e Adopt) String() string {
	return fmt.Sprintf("adopt %d as %s, held %v", e.Decision.Number, e.As, e.Held)
}

func (e Ended) String() string {
	switch {
	case e.Committed > 0:
		return fmt.Sprintf("ended: committed %d", e.Committed)
	case e.Why != "":
		return "ended: " + e.Why
	}
	var votes []string
	for _, v := range e.Votes {
		votes = append(votes, v.String())
	}
	return "ended: " + strings.Join(votes, ", ")
}

func (v Voted) String() string {
	if v.No != "" {
		return fmt.Sprintf("%s votes no (%s)", v.Process, v.No)
	}
	return fmt.Sprintf("%s votes yes", v.Process)
}
