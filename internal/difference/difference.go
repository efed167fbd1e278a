// Package difference compares two snapshots: the states of the processes, and what happened
// on each channel between the two cuts. It is pure.
package difference

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"chandy/snapshot"
)

// Process is the difference between the states of a process in two snapshots.
type Process struct {
	ID    snapshot.ProcessID
	Where Where // which snapshot has a state of it
	// Changes lists what differs between the states, if both are JSON.
	Changes []Change
	// Note says how the states differ, if they are not both JSON.
	Note string
	// Unknown says why the states cannot be compared: the program did not show one of them.
	Unknown string
	// Anew reports whether the process was restarted between the cuts.
	Anew bool
}

// Where says which of two snapshots has something.
type Where int

const (
	Both Where = iota
	OnlyA
	OnlyB
)

// Channel is what happened on a channel between two cuts.
type Channel struct {
	Channel snapshot.Channel
	Where   Where
	// Anew reports whether an end of the channel began to count again, so that the numbers
	// of the two snapshots cannot be compared.
	Anew bool
	// Unknown says why nothing can be said about the channel: it is missing in a snapshot.
	Unknown string
	// Sent and Received are how many messages the ends counted between the cuts, if neither
	// Anew nor Unknown is set. They are negative if B is the older snapshot.
	Sent, Received int64
	// A and B are what is in flight in each snapshot.
	A, B InFlight
}

// InFlight is what is in flight on a channel: the messages First to Last, or none if First is
// zero.
type InFlight struct{ First, Last uint64 }

// Count returns the number of messages.
func (f InFlight) Count() uint64 {
	if f.First == 0 {
		return 0
	}
	return f.Last - f.First + 1
}

// Changed reports whether anything differs.
func (c Channel) Changed() bool {
	return c.Where != Both || c.Anew || c.Sent != 0 || c.Received != 0 || c.A != c.B
}

// Changed reports whether anything differs.
func (p Process) Changed() bool {
	return p.Where != Both || p.Anew || len(p.Changes) > 0 || p.Note != ""
}

// Processes compares the states of all processes that one of two snapshots has.
func Processes(a, b *snapshot.Global) []Process {
	var all []Process
	for _, id := range union(a.Processes, b.Processes, func(p snapshot.ProcessState) snapshot.ProcessID { return p.ID },
		cmp.Compare[snapshot.ProcessID]) {
		all = append(all, process(id, a.Process(id), b.Process(id), a.Epoch != b.Epoch))
	}
	return all
}

func process(id snapshot.ProcessID, a, b *snapshot.ProcessState, otherEpoch bool) Process {
	p := Process{ID: id}
	switch {
	case a == nil:
		p.Where = OnlyB
		return p
	case b == nil:
		p.Where = OnlyA
		return p
	}
	p.Anew = otherEpoch || a.Incarnation != b.Incarnation
	old, new := a.State, b.State
	switch {
	case old.Error != "" && new.Error != "":
		p.Unknown = "no state in both snapshots: " + new.Error
	case old.Error != "":
		p.Unknown = "no state in the first snapshot: " + old.Error
	case new.Error != "":
		p.Unknown = "no state in the second snapshot: " + new.Error
	case json.Valid(old.Bytes) && json.Valid(new.Bytes):
		values(old.Bytes, new.Bytes, func(c Change) { p.Changes = append(p.Changes, c) })
	case string(old.Bytes) != string(new.Bytes):
		p.Note = fmt.Sprintf("%s -> %s", kind(old), kind(new))
	}
	return p
}

func kind(s snapshot.State) string {
	if json.Valid(s.Bytes) {
		return "JSON"
	}
	return fmt.Sprintf("%d bytes that are not JSON", len(s.Bytes))
}

// Channels compares all channels that one of two snapshots has.
func Channels(a, b *snapshot.Global) []Channel {
	var all []Channel
	find := func(g *snapshot.Global, name snapshot.Channel) *snapshot.ChannelState {
		i, ok := slices.BinarySearchFunc(g.Channels, name, func(c snapshot.ChannelState, n snapshot.Channel) int { return c.Channel.Compare(n) })
		if !ok {
			return nil
		}
		return &g.Channels[i]
	}
	for _, name := range union(a.Channels, b.Channels, func(c snapshot.ChannelState) snapshot.Channel { return c.Channel }, snapshot.Channel.Compare) {
		all = append(all, channel(name, find(a, name), find(b, name), a.Epoch != b.Epoch))
	}
	return all
}

func channel(name snapshot.Channel, a, b *snapshot.ChannelState, otherEpoch bool) Channel {
	c := Channel{Channel: name}
	switch {
	case a == nil:
		c.Where = OnlyB
		return c
	case b == nil:
		c.Where = OnlyA
		return c
	case !a.Known && !b.Known:
		c.Unknown = "missing in both snapshots"
		return c
	case !a.Known:
		c.Unknown = "missing in the first snapshot"
		return c
	case !b.Known:
		c.Unknown = "missing in the second snapshot"
		return c
	}
	c.Anew = otherEpoch || a.SeenByReceiver != b.SeenByReceiver || a.SeenBySender != b.SeenBySender
	c.A, c.B = inFlight(a), inFlight(b)
	if !c.Anew {
		c.Sent, c.Received = int64(b.Sent-a.Sent), int64(b.Received-a.Received)
	}
	return c
}

func inFlight(c *snapshot.ChannelState) InFlight {
	if c.Sent == c.Received {
		return InFlight{}
	}
	return InFlight{c.Received + 1, c.Sent}
}

// union returns the keys of two sorted lists, sorted and each once.
func union[T, K any](a, b []T, key func(T) K, compare func(K, K) int) []K {
	var all []K
	for _, one := range a {
		all = append(all, key(one))
	}
	for _, one := range b {
		all = append(all, key(one))
	}
	slices.SortFunc(all, compare)
	return slices.CompactFunc(all, func(x, y K) bool { return compare(x, y) == 0 })
}
