package wire

import (
	"fmt"
	"slices"
	"strings"

	"chandy/snapshot"
)

// ProcessStatus is the status of a process and its channels. It is an element of
// "processes" in chandy/status.v1; docs/status.schema.json has it for machines.
type ProcessStatus struct {
	Process     snapshot.ProcessID   `json:"process"`
	Incarnation snapshot.Incarnation `json:"incarnation"`
	Epoch       uint64               `json:"epoch"`
	UptimeMS    float64              `json:"uptime_ms"`
	PID         int                  `json:"pid"`     // process id of the node in its operating system
	Program     string               `json:"program"` // kind of the program
	// Preparing is what the program waits for before it is ready, for people. Empty means
	// that it is ready.
	Preparing string `json:"preparing,omitempty"`

	Outgoing  []OutgoingStatus `json:"outgoing"`
	Incoming  []IncomingStatus `json:"incoming"`
	Snapshots []SnapshotStatus `json:"snapshots"`
	Memory    MemoryStatus     `json:"memory"`
	// Base is the saved snapshot from which the epoch began. Empty means the initial state.
	Base snapshot.ID `json:"base,omitempty"`
	// Held reports whether the program receives nothing until the epoch is resumed.
	Held bool `json:"held,omitempty"`
	// HeldBy is the process because of which it is held: that one saves a snapshot and stops,
	// or has stopped. It is empty if no process stops.
	HeldBy snapshot.ProcessID `json:"held_by,omitempty"`
	// Recovered is nil if this process has taken part in no recovery.
	Recovered *RecoveredStatus `json:"recovered,omitempty"`
	// Saves is nil if this process has neither saved a snapshot nor failed to.
	Saves *SavesStatus `json:"saves,omitempty"`
	// Certificate is nil without TLS.
	Certificate *CertificateStatus `json:"certificate,omitempty"`
}

// SavesStatus is about the snapshots that a process assembled and was to save.
type SavesStatus struct {
	Last       snapshot.ID `json:"last,omitempty"` // that was saved; empty if none was
	AgoMS      float64     `json:"ago_ms,omitempty"`
	Failures   int         `json:"failures"` // since the last one
	Error      string      `json:"error,omitempty"`
	StoreBytes int64       `json:"store_bytes"` // in the store, when it was last counted
}

// RecoveredStatus is about the last time that the cluster went back by itself.
type RecoveredStatus struct {
	To      snapshot.ID          `json:"to"`      // empty for the initial state
	Because []snapshot.ProcessID `json:"because"` // these had restarted
	// Loop has the processes that have ended three times soon after a restore of To. The
	// epoch then began held.
	Loop []snapshot.ProcessID `json:"loop,omitempty"`
	// Stopped is the process that saved To when it stopped. All programs were held from then
	// on. It is empty if To was saved otherwise.
	Stopped snapshot.ProcessID `json:"stopped,omitempty"`
	// LoopText says for people how these processes end. Skip is the first message that they
	// may die of and that restore --skip can leave out.
	LoopText string `json:"loop_text,omitempty"`
	Skip     string `json:"skip,omitempty"`
	// Messages is how many messages that this process had sent were undone, and UndoneMS is
	// how long it had run since the snapshot. Both are 0 for a process that had restarted.
	Messages uint64  `json:"messages"`
	UndoneMS float64 `json:"undone_ms"`
	AgoMS    float64 `json:"ago_ms"`
}

// NothingUndone reports whether all programs went on from where they were.
func (r RecoveredStatus) NothingUndone() bool { return r.Stopped != "" && r.Messages == 0 }

// Text returns a line for people.
func (r RecoveredStatus) Text() string {
	if r.NothingUndone() && len(r.Loop) == 0 {
		return fmt.Sprintf("goes on from %s, which %s saved when it stopped: nothing undone", r.To, r.Stopped)
	}
	text := "rolled back to the initial state"
	if r.To != "" {
		text = "rolled back to " + string(r.To)
	}
	var undone []string
	if r.UndoneMS > 0 {
		undone = append(undone, fmt.Sprintf("%.1f s undone", r.UndoneMS/1000))
	}
	switch {
	case r.Messages == 1:
		undone = append(undone, "1 message")
	case r.Messages > 1 || r.UndoneMS > 0:
		undone = append(undone, fmt.Sprintf("%d messages", r.Messages))
	}
	if len(undone) > 0 {
		text += ": " + strings.Join(undone, ", ")
	}
	text += ", because " + names(r.Because) + " restarted"
	if len(r.Loop) > 0 {
		text = "recovery loop: " + r.LoopText + ": held, until " + r.WaysOn() + "; " + text
	}
	return text
}

// WaysOn says what ends a recovery loop.
func (r RecoveredStatus) WaysOn() string {
	switch {
	case r.To == "":
		return "chandy resume, once the cause is gone"
	case r.Skip == "":
		return "chandy resume, once the cause is gone, or chandy restore with --edit or of an older snapshot"
	}
	return fmt.Sprintf("chandy restore --skip '%s' %s, or with --edit, or of an older snapshot", r.Skip, r.To)
}

func names(ids []snapshot.ProcessID) string {
	var all []string
	for _, id := range ids {
		all = append(all, string(id))
	}
	return strings.Join(all, ", ")
}

// CertificateStatus is when the certificate of a node ends.
type CertificateStatus struct {
	EndsAt string  `json:"ends_at"` // RFC 3339, UTC
	LeftMS float64 `json:"left_ms"` // negative if it has ended
}

// LinkStatus is the part of the status that both ends of a channel have.
type LinkStatus struct {
	Up         bool    `json:"up"`
	SinceMS    float64 `json:"since_ms"`        // time since the link went up or down
	Error      string  `json:"error,omitempty"` // last error of the connection
	ErrorAgoMS float64 `json:"error_ago_ms,omitempty"`
	Reconnects uint64  `json:"reconnects"` // connections after the first one
	Violations uint64  `json:"violations"` // violations of the protocol by the peer
	Resets     uint64  `json:"resets"`     // resets of the channel because the peer restarted
	Discarded  uint64  `json:"discarded"`  // messages that this end discarded in resets
}

// OutgoingStatus is the sender's end of a channel.
type OutgoingStatus struct {
	To snapshot.ProcessID `json:"to"`
	LinkStatus
	Sent    uint64 `json:"sent"`
	Acked   uint64 `json:"acked"`
	Markers uint64 `json:"markers"` // markers sent
	Outbox  Queue  `json:"outbox"`
	Resent  uint64 `json:"resent"` // messages sent again
}

// IncomingStatus is the receiver's end of a channel.
type IncomingStatus struct {
	From snapshot.ProcessID `json:"from"`
	LinkStatus
	Arrived    uint64 `json:"arrived"`
	Received   uint64 `json:"received"`
	Inbox      Queue  `json:"inbox"`
	Duplicates uint64 `json:"duplicates"` // messages dropped because they had arrived before
	Stale      uint64 `json:"stale"`      // hellos of replaced incarnations
}

// Queue is how much an outbox or an inbox holds.
type Queue struct {
	Messages int `json:"messages"`
	Bytes    int `json:"bytes"`
}

// MemoryStatus is how many bytes of messages and states a node holds. A message that
// several snapshots have recorded counts once for each.
type MemoryStatus struct {
	Limit      int `json:"limit"`
	Used       int `json:"used"`       // the sum of the following
	Outboxes   int `json:"outboxes"`   // with 128 for each marker that waits
	Inboxes    int `json:"inboxes"`    // arrived and not received, or on their emulated way
	Recordings int `json:"recordings"` // recorded and not in a part yet
	Parts      int `json:"parts"`      // on their way to an assembler, come together here, or on their way to a client
}

// SnapshotStatus is a snapshot in progress at a process.
type SnapshotStatus struct {
	ID         snapshot.ID        `json:"id"`
	Assembler  snapshot.ProcessID `json:"assembler"`
	TimeLeftMS float64            `json:"time_left_ms"`
	WaitsFor   []string           `json:"waits_for"`
}

// Up reports whether the program of the process is ready and all links are up.
func (s *ProcessStatus) Up() bool {
	return s.Preparing == "" && !slices.ContainsFunc(s.Outgoing, func(o OutgoingStatus) bool { return !o.Up }) &&
		!slices.ContainsFunc(s.Incoming, func(in IncomingStatus) bool { return !in.Up })
}
