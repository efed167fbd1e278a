package snapshot

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Global is a global snapshot: all local states and all channel states, or as many
// of them as came in time. It must not be modified.
type Global struct {
	ID         ID
	Cluster    string
	Epoch      uint64
	Initiators []ProcessID
	StartedAt  time.Time     // wall clock: information only
	Elapsed    time.Duration // at the assembler

	Processes []ProcessState // processes whose state came, sorted
	Channels  []ChannelState // every channel, sorted
	Missing   []Missing      // empty if and only if the snapshot is complete
	// Journals has the journals that came, sorted by process. It is nil unless the snapshot
	// asked for them. Their incarnations are those of the processes; Decode leaves them out.
	Journals []Journal
}

// ProcessState is the local state of a process in a global snapshot.
type ProcessState struct {
	ID          ProcessID
	State       State
	Incarnation Incarnation
	// RecordedAfter is when the state came to the assembler, CompletedAfter when the
	// last piece of the part did, both after the start of the snapshot. CompletedAfter
	// means something only if Completed is set.
	RecordedAfter, CompletedAfter time.Duration
	Completed                     bool
	Times                         *Times // nil if it is not known
}

// ChannelState is the state of a channel in a global snapshot, and the counts of its
// two ends.
type ChannelState struct {
	Channel Channel
	// SeenByReceiver is the incarnation of the sender with which the receiving end
	// counted. SeenBySender is the incarnation of the receiver with which the sending
	// end counted. Each is empty if the report of that end did not come.
	SeenByReceiver, SeenBySender Incarnation
	Sent, Received               uint64
	SentKnown, ReceivedKnown     bool
	// Messages holds the messages Received+1 … Sent if Known is set. Otherwise the
	// channel state is missing.
	Messages []Batch
	Known    bool
	Resets   []Reset
	// MarkerAfter is when the marker came, on the receiver's clock since it first learned of
	// the snapshot. It means something only if MarkerKnown is set.
	MarkerAfter time.Duration
	MarkerKnown bool
}

// Missing names a process or a channel whose state is missing, and the reason.
type Missing struct {
	Process ProcessID // empty if a channel is missing
	Channel Channel
	Reason  Reason
	Detail  string
}

// Process returns the local state of a process, or nil if its part did not come.
func (g *Global) Process(id ProcessID) *ProcessState {
	i, ok := slices.BinarySearchFunc(g.Processes, id, func(p ProcessState, id ProcessID) int { return compare(p.ID, id) })
	if !ok {
		return nil
	}
	return &g.Processes[i]
}

// Complete reports whether nothing is missing.
func (g *Global) Complete() bool { return len(g.Missing) == 0 }

// Status returns "complete" or "partial".
func (g *Global) Status() string {
	if g.Complete() {
		return "complete"
	}
	return "partial"
}

// InFlight returns the number of messages in all channel states.
func (g *Global) InFlight() int {
	n := 0
	for _, c := range g.Channels {
		for _, b := range c.Messages {
			n += b.Count
		}
	}
	return n
}

// Restart is a process that restarted before its state was recorded, and what became of its
// channels.
type Restart struct {
	Process   ProcessID
	Channels  int    // that began anew
	Discarded uint64 // messages that the survivors discarded; what the process held is unknown
}

// String returns the restart for people.
func (r Restart) String() string {
	return fmt.Sprintf("%s restarted: %d channels began anew, and at least %d messages were discarded", r.Process, r.Channels, r.Discarded)
}

// Restarts returns the processes because of which channels began anew, sorted.
func (g *Global) Restarts() []Restart {
	all := map[ProcessID]*Restart{}
	for _, c := range g.Channels {
		counted := map[ProcessID]bool{}
		for _, reset := range c.Resets {
			r := all[reset.Process]
			if r == nil {
				r = &Restart{Process: reset.Process}
				all[reset.Process] = r
			}
			r.Discarded += reset.Discarded
			if !counted[reset.Process] {
				counted[reset.Process] = true
				r.Channels++
			}
		}
	}
	var list []Restart
	for _, id := range slices.Sorted(maps.Keys(all)) {
		list = append(list, *all[id])
	}
	return list
}
