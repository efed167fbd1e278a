package saved

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"chandy/snapshot"
)

// Manifest says that a snapshot is saved, and what belongs to it.
type Manifest struct {
	ID      snapshot.ID `json:"id"`
	Cluster string      `json:"cluster"`
	// Config is the hash of the configuration that the nodes had agreed on, in hexadecimal.
	Config string `json:"config_sha256"`
	Epoch  uint64 `json:"epoch"`
	// Number orders the snapshots of an epoch: 1, 2, 3 … It is 0 if the snapshot was made
	// from another one or from a file. Such a snapshot has Origin, and has no place in the
	// order.
	Number uint64 `json:"number"`
	// Name is the user's name for the snapshot. Retention never removes a named snapshot.
	Name string `json:"name,omitempty"`
	// Base is the snapshot from which the epoch began; empty means the initial state.
	Base       snapshot.ID          `json:"base"`
	Assembler  snapshot.ProcessID   `json:"assembler"`
	Initiators []snapshot.ProcessID `json:"initiators"`
	StartedAt  time.Time            `json:"started_at"` // wall clock: information only
	ElapsedMS  float64              `json:"elapsed_ms"` // at the assembler
	// Held says that the programs were held from the cut on, because the assembler stopped.
	Held bool `json:"held,omitempty"`

	Processes []Process `json:"processes"` // sorted by id
	Channels  []Channel `json:"channels"`  // sorted by sender, then receiver

	Origin  *Origin       `json:"from,omitempty"`
	Skipped []Skipped     `json:"skipped,omitempty"`
	Then    []ThenRequest `json:"then,omitempty"`
}

// Process is a process in a manifest.
type Process struct {
	ID          snapshot.ProcessID   `json:"id"`
	Incarnation snapshot.Incarnation `json:"incarnation"`
	Part        Size                 `json:"part"`
	// Restorable reports whether the program can be given its state again. WhyNot says why
	// not.
	Restorable bool   `json:"restorable"`
	WhyNot     string `json:"why_not,omitempty"`
	// RecordedAfterMS and CompletedAfterMS are as in the document: when the state came to the
	// assembler, and when the last piece of the part did.
	RecordedAfterMS  float64 `json:"recorded_after_ms"`
	CompletedAfterMS float64 `json:"completed_after_ms"`
}

// Size has the lengths of a part and of its sections, and its hash. See [Part] for the
// sections.
type Size struct {
	Bytes      uint64 `json:"bytes"`  // of the whole part
	SHA256     string `json:"sha256"` // of the whole part, in hexadecimal
	StateBytes uint64 `json:"state_bytes"`
	IndexBytes uint64 `json:"index_bytes"` // of the index with its line feed
}

// Channel is a channel in a manifest, with the counts of its two ends.
type Channel struct {
	From snapshot.ProcessID `json:"from"`
	To   snapshot.ProcessID `json:"to"`
	// Incarnations are those of the sender and of the receiver.
	Incarnations [2]snapshot.Incarnation `json:"incarnations"`
	Sent         uint64                  `json:"sent"`
	Received     uint64                  `json:"received"`
	InFlight     uint64                  `json:"in_flight"` // messages received+1 … sent
	// Bytes is how long the halves of the channel state are in the two parts together. A
	// message that both ends hold counts twice.
	Bytes  uint64  `json:"bytes"`
	Resets []Reset `json:"resets,omitempty"`
}

// Channel returns the channel without its counts.
func (c Channel) Channel() snapshot.Channel { return snapshot.Channel{From: c.From, To: c.To} }

// Reset is a [snapshot.Reset].
type Reset struct {
	Process     snapshot.ProcessID   `json:"process"`
	Incarnation snapshot.Incarnation `json:"incarnation"`
	Discarded   uint64               `json:"discarded"`
	Unknown     bool                 `json:"unknown"`
}

// Origin says of what a snapshot was made. Exactly one of ID and File is set.
type Origin struct {
	ID   snapshot.ID `json:"id,omitempty"`
	File string      `json:"file,omitempty"`
	// Edit is the text of the edit; empty if there was none.
	Edit string `json:"edit,omitempty"`
}

// Skipped is a message in flight that no program will receive, because the user asked so.
// The parts still hold it, so numbers have no gap: the receiver counts it as received and
// does not hand it to the program.
type Skipped struct {
	From snapshot.ProcessID `json:"from"`
	To   snapshot.ProcessID `json:"to"`
	Seq  uint64             `json:"seq"`
}

// ThenRequest is a client's request that Process receives after the restored messages and
// before the request of any other client. A process receives its requests in the order of
// the list.
type ThenRequest struct {
	Process snapshot.ProcessID `json:"process"`
	Request json.RawMessage    `json:"request"`
}

// Format returns the format of the record.
func (*Manifest) Format() string { return "chandy/manifest.v1" }

// Process returns the entry of a process, or nil if there is none.
func (m *Manifest) Process(id snapshot.ProcessID) *Process {
	i, ok := slices.BinarySearchFunc(m.Processes, id, func(p Process, id snapshot.ProcessID) int { return cmp.Compare(p.ID, id) })
	if !ok {
		return nil
	}
	return &m.Processes[i]
}

// Restorable reports whether every program can be given its state again.
func (m *Manifest) Restorable() bool {
	return !slices.ContainsFunc(m.Processes, func(p Process) bool { return !p.Restorable })
}

// InFlight returns the number of messages in all channel states.
func (m *Manifest) InFlight() uint64 {
	n := uint64(0)
	for _, c := range m.Channels {
		n += c.InFlight
	}
	return n
}
