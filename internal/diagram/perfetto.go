package diagram

import (
	"encoding/json"
	"io"
	"time"
)

// traceEvent is an event in the JSON of Chrome's trace viewer, which Perfetto reads.
type traceEvent struct {
	Name  string         `json:"name"`
	Phase string         `json:"ph"`
	Cat   string         `json:"cat,omitempty"`
	TS    float64        `json:"ts"` // in µs
	Dur   float64        `json:"dur,omitempty"`
	PID   int            `json:"pid"`
	TID   int            `json:"tid"`
	ID    int            `json:"id,omitempty"`
	Bind  string         `json:"bp,omitempty"`
	Args  map[string]any `json:"args,omitempty"`
}

// Perfetto writes the events in real time, with an arrow for each message that has both ends
// in a journal.
func Perfetto(w io.Writer, s *Story) error {
	begin := 0.0
	for i := range s.Events {
		if at, ok := s.when(&s.Events[i]); ok {
			begin = min(begin, at)
		}
	}
	trace := struct {
		TraceEvents []traceEvent `json:"traceEvents"`
		Unit        string       `json:"displayTimeUnit"`
	}{[]traceEvent{}, "ms"}
	add := func(e traceEvent) { trace.TraceEvents = append(trace.TraceEvents, e) }
	for lane, l := range s.Lanes {
		add(traceEvent{Name: "process_name", Phase: "M", PID: lane + 1, TID: 1, Args: map[string]any{"name": string(l.ID)}})
		for _, i := range l.Events {
			e := &s.Events[i]
			at, ok := s.when(e)
			if !ok {
				continue
			}
			ts := (at - begin) * 1000
			args := map[string]any{"kind": string(e.Kind)}
			if e.Kind != Recorded {
				args["peer"], args["seq"] = string(e.Peer), e.Seq
			}
			add(traceEvent{Name: s.describe(e), Phase: "X", Cat: "chandy", TS: ts, Dur: 1, PID: lane + 1, TID: 1, Args: args})
			if e.Message < 0 || !s.timed(e.Message) {
				continue
			}
			flow := traceEvent{Name: "message", Phase: "s", Cat: "chandy", TS: ts, PID: lane + 1, TID: 1, ID: e.Message + 1}
			if e.Kind == Received {
				flow.Phase, flow.Bind = "f", "e"
			}
			add(flow)
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(trace)
}

// timed reports whether both ends of a message are in journals.
func (s *Story) timed(message int) bool {
	m := s.Messages[message]
	return !s.Events[m.Send].Implied && !s.Events[m.Receive].Implied
}

// when returns the time of an event in ms since the first recording, by the wall clocks of the
// processes. It reports false if the event is in no journal.
func (s *Story) when(e *Event) (ms float64, ok bool) {
	j := s.Journals[s.Lanes[e.Lane].ID]
	if j == nil || e.Implied {
		return 0, false
	}
	return float64(j.RecordedAt.Sub(s.firstRecording()))/float64(time.Millisecond) + e.AtMS, true
}

// firstRecording returns the earliest time of a recording.
func (s *Story) firstRecording() (first time.Time) {
	for _, j := range s.Journals {
		if first.IsZero() || j.RecordedAt.Before(first) {
			first = j.RecordedAt
		}
	}
	return first
}
