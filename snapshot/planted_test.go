package snapshot

import (
	"slices"
	"testing"
)

// TestPlantedFaults plants one fault at a time, and checks that the exploration finds
// it and by which checks: a check that misses a fault proves nothing when there is
// none. Only the reference and the run see faults of the state that leave the numbers
// right.
func TestPlantedFaults(t *testing.T) {
	for _, test := range plantedFaults {
		t.Run(test.name, func(t *testing.T) {
			s := test.scope()
			s.fault = &test.fault
			newExplorer(s).Expect(t, test.by...)
		})
	}
}

type plantedFault struct {
	name  string
	scope func() *scope
	by    []string // sorted
	fault
}

func oneSnapshot() *scope  { return newScope("", twoProcesses, 3, "p1") }
func twoSnapshots() *scope { return newScope("", twoProcesses, 2, "p1", "p2") }

var plantedFaults = []plantedFault{
	{
		"a marker is dropped", oneSnapshot, []string{checkComplete},
		fault{onEffect: func(h *host, e Effect) []Effect {
			if m, ok := e.(SendMarker); ok && h.id == "p2" && m.To == "p1" {
				return nil
			}
			return []Effect{e}
		}},
	},
	{
		"recording is not started: the Recorder hears of no message", oneSnapshot, []string{checkComplete},
		fault{onArrival: func(*host, ProcessID) bool { return false }},
	},
	{
		"recording is not started, and the Recorder does not wait for what it should record", oneSnapshot, []string{checkCertificate},
		fault{onArrival: func(*host, ProcessID) bool { return false }, onMarker: unacknowledged},
	},
	{
		"recording is not stopped: what comes after the marker belongs to it", oneSnapshot, []string{checkRule},
		fault{onMarker: func(_ *host, m Marker) Marker { m.Sent++; return m }},
	},
	{
		"recording is not stopped: the sender counts a message after the marker", oneSnapshot, []string{checkComplete, checkReference, checkRun},
		fault{onEffect: func(_ *host, e Effect) []Effect {
			if m, ok := e.(SendMarker); ok {
				m.Marker.Sent++
				m.Marker.Acked++
				return []Effect{m}
			}
			return []Effect{alterRecorded(e, func(r *Recorded) { addToCounts(r.Sent, 1) })}
		}},
	},
	{
		"sent counts one too many", oneSnapshot, []string{checkCertificate},
		fault{onEffect: onRecorded(func(r *Recorded) { addToCounts(r.Sent, 1) })},
	},
	{
		"received counts one too many", oneSnapshot, []string{checkCertificate, checkReference, checkRun, checkRule},
		fault{onEffect: onRecorded(func(r *Recorded) { addToCounts(r.Received, 1) })},
	},
	{
		"received counts one too many if one is in flight", oneSnapshot, []string{checkCertificate, checkReference, checkRun, checkRule},
		fault{onEffect: func(h *host, e Effect) []Effect {
			return []Effect{alterRecorded(e, func(r *Recorded) {
				r.Received = slices.Clone(r.Received)
				for i, in := range h.in {
					r.Received[i].N += uint64(min(len(in.inbox), 1))
				}
			})}
		}},
	},
	{
		"the state is captured late: one more was received", oneSnapshot, []string{checkReference, checkRun},
		fault{onState: func(h *host) []byte {
			late := h.clone()
			for _, from := range h.topology.In(h.id) {
				if late.waiting(from) {
					late.receive(from)
				}
			}
			return late.programState()
		}},
	},
	{
		"the state is captured early: the last send is not in it", oneSnapshot, []string{checkReference, checkRun},
		fault{onState: func(h *host) []byte {
			early := h.clone()
			for i := range early.sent {
				early.sent[i] -= min(early.sent[i], 1)
			}
			return early.programState()
		}},
	},
	{
		"a marker goes after the next message", oneSnapshot, []string{checkCertificate, checkReference},
		fault{overtake: true},
	},
	{
		"markers go before the state is recorded", oneSnapshot, []string{checkCertificate},
		fault{onEffect: markersEarly},
	},
	{
		"the program receives during a capture", oneSnapshot, []string{checkCertificate, checkReference},
		fault{impatient: true},
	},
	{
		"the inbox is not recorded", oneSnapshot, []string{checkCertificate, checkComplete},
		fault{onInbox: func(*host, ProcessID, []Batch) []Batch { return nil }},
	},
	{
		"the inbox is not recorded, nor waited for", oneSnapshot, []string{checkCertificate},
		fault{onInbox: func(*host, ProcessID, []Batch) []Batch { return nil }, onMarker: unacknowledged},
	},
	{
		"a channel is recorded from one message too late", oneSnapshot, []string{checkCertificate, checkComplete},
		fault{onInbox: func(_ *host, _ ProcessID, inbox []Batch) []Batch { return inbox[min(len(inbox), 1):] }},
	},
	{
		"a channel is recorded from one message too early", oneSnapshot, []string{checkRule},
		fault{onInbox: func(h *host, from ProcessID, inbox []Batch) []Batch {
			if received := h.inEnd(from).received; received > 0 {
				again := Batch{First: received}
				again.Append(payload(Channel{from, h.id}, received))
				inbox = slices.Insert(inbox, 0, again)
			}
			return inbox
		}},
	},
	{
		"the marker of the second snapshot is taken for one of the first", twoSnapshots, []string{checkCertificate, checkComplete},
		fault{onMarker: func(h *host, m Marker) Marker {
			if all := h.recorder.InProgress(); h.id == "p1" && len(all) > 0 {
				m.Start = all[0]
			}
			return m
		}},
	},
	{
		"an end counted with another incarnation", oneSnapshot, []string{checkCertificate},
		fault{onEffect: func(h *host, e Effect) []Effect {
			if r, ok := e.(Report); ok {
				if c, ok := r.Piece.(Closed); ok && h.id == "p2" {
					c.Peer = "p1-0"
					r.Piece = c
				}
				return []Effect{r}
			}
			return []Effect{e}
		}},
	},
	{
		"a piece is reported after the last", oneSnapshot, []string{checkSteps},
		fault{onEffect: func(_ *host, e Effect) []Effect {
			if r, ok := e.(Report); ok && r.Last {
				return []Effect{r, r}
			}
			return []Effect{e}
		}},
	},
}

// unacknowledged makes the Recorder believe that it has no message before the marker
// to record, so that it closes the channel at once.
func unacknowledged(_ *host, m Marker) Marker {
	m.Acked = 0
	return m
}

// markersEarly sends the markers with the capture and not with the recording.
func markersEarly(h *host, e Effect) []Effect {
	switch e.(type) {
	case SendMarker:
		return nil
	case Capture:
		effects := []Effect{e}
		for i, to := range h.topology.Out(h.id) {
			effects = append(effects, SendMarker{To: to, Out: i, Marker: Marker{Start: h.recorder.InProgress()[0], Sent: h.sent[i], Acked: h.sent[i]}})
		}
		return effects
	}
	return []Effect{e}
}

func onRecorded(alter func(*Recorded)) func(*host, Effect) []Effect {
	return func(_ *host, e Effect) []Effect { return []Effect{alterRecorded(e, alter)} }
}

// alterRecorded returns the effect with an altered Recorded, if it reports one.
func alterRecorded(e Effect, alter func(*Recorded)) Effect {
	if r, ok := e.(Report); ok {
		if recorded, ok := r.Piece.(Recorded); ok {
			alter(&recorded)
			r.Piece = recorded
			return r
		}
	}
	return e
}

func addToCounts(counts []Count, n uint64) {
	for i := range counts {
		counts[i].N += n
	}
}
