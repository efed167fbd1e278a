package core

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"chandy/snapshot"
	"chandy/wire"
)

// markerBytes is what a marker that waits for its acknowledgement counts for.
const markerBytes = 128

// window returns the window of each incoming channel. All windows together have at most a
// quarter of the memory, so that many slow channels do not fill it.
func (c *Core) window() int {
	share := int(c.Cluster.Limits.Memory) / 4 / max(1, len(c.topology.In(c.self)))
	return min(int(c.Cluster.Network.Window), max(share, windowMin))
}

// windowMin is the smallest window that a cluster file may have, in bytes.
const windowMin = 4 << 10

// holding is how many bytes this process holds for one snapshot.
type holding struct {
	snapshot.Start
	recorded int // recorded and not reported yet, with the window of the journal
	part     int // reported, on their way to the assembler, or assembled here
}

func (h holding) bytes() int { return h.recorded + h.part }

// memory returns how many bytes the node holds, in messages and states. It walks
// everything that counts, so that no path can forget to count something down.
func (e *epoch) memory() wire.MemoryStatus {
	m := wire.MemoryStatus{Limit: int(e.core.Cluster.Limits.Memory), Outboxes: e.outboxBytes}
	for _, out := range e.out {
		m.Outboxes += markerBytes * out.sender.WaitingMarkers()
	}
	for _, in := range e.in {
		m.Inboxes += in.receiver.Bytes() + len(in.partial.body) + in.transitBytes
	}
	for _, h := range e.holdings() {
		m.Recordings += h.recorded
		m.Parts += h.part
	}
	snapshots, _ := e.core.held()
	m.Parts += snapshots
	m.Used = m.Outboxes + m.Inboxes + m.Recordings + m.Parts
	return m
}

// holdings returns what this process holds for each snapshot. Memory that several
// snapshots share counts for each of them.
func (e *epoch) holdings() map[snapshot.ID]holding {
	all := map[snapshot.ID]holding{}
	add := func(s snapshot.Start, recorded, part int) {
		h := all[s.ID]
		all[s.ID] = holding{s, h.recorded + recorded, h.part + part}
	}
	for _, s := range e.recorder.InProgress() {
		add(s, e.recorder.Bytes(s.ID), 0)
	}
	for _, w := range e.windows {
		add(w.Start, w.Bytes(), 0)
	}
	for _, p := range e.pending {
		add(p.Start, 0, p.waiting+p.kept)
	}
	for _, p := range e.storing {
		add(p.Start, 0, p.kept)
	}
	for _, up := range e.uplinks {
		for _, s := range up.shipments {
			add(s.Start, 0, s.bytes)
		}
	}
	for _, a := range e.assemblies {
		add(a.Start, 0, a.collector.Bytes()+a.decoding)
		for _, o := range a.contributors {
			for key, section := range o.sections {
				if key.snapshot == a.ID {
					add(a.Start, 0, section.bytes+sectionBytes)
				}
			}
		}
	}
	return all
}

// grew notes that up to n bytes were added to what counts as memory.
func (e *epoch) grew(n int) { e.grown += n }

// limitMemory ends snapshots while the node holds more than its memory, those first for
// which it holds most. Outboxes and inboxes have limits of their own. It looks once for
// each 256th of the memory that was added, because it walks everything that counts.
func (e *epoch) limitMemory() {
	if e.grown < int(e.core.Cluster.Limits.Memory)/256 {
		return
	}
	e.grown = 0
	m := e.memory()
	if m.Used <= m.Limit {
		return
	}
	largestFirst := func(a, b holding) int { return cmp.Or(b.bytes()-a.bytes(), cmp.Compare(a.ID, b.ID)) }
	for _, h := range slices.SortedFunc(maps.Values(e.holdings()), largestFirst) {
		if m.Used > m.Limit {
			m.Used -= h.bytes()
			e.endTooLarge(h)
		}
	}
}

// endTooLarge ends a snapshot at this process because the memory of the node is full. At
// the assembler it ends for all processes.
func (e *epoch) endTooLarge(h holding) {
	c := e.core
	why := fmt.Sprintf("%s held %d KiB for the snapshot when its memory was full (limits.memory)", c.self, h.bytes()>>10)
	c.log.Warn().Str("snapshot", string(h.ID)).Msg("snapshot ended: " + why)
	failed := snapshot.Failed{Process: c.self, Reason: snapshot.PartTooLarge, Detail: why}
	if a := e.assemblies[h.ID]; a != nil {
		a.memoryFull = why
		if slices.Contains(a.collector.Waits(), c.self) {
			e.collect(h.ID, []snapshot.Piece{failed})
		}
		e.finishSnapshot(a)
		return
	}
	e.recorder.Abandon(h.ID)
	e.forget(h.ID, h.Assembler)
	e.report(snapshot.Report{Start: h.Start, Piece: failed, Last: true})
}
