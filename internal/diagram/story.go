package diagram

import (
	"slices"

	"chandy/snapshot"
)

// Class says where a message stands to the cut.
type Class int

const (
	Past       Class = iota // sent and received before the cut
	Future                  // sent and received after the cut
	InFlight                // sent before the cut, received after it, and recorded
	Unrecorded              // the same, on a channel whose state is missing
	Wrong                   // contradicts a consistent cut
)

// Event is something that happened at a process.
type Event struct {
	Entry
	Lane    int
	Side    int  // -1 before the recording, 0 the recording, 1 after it
	Implied bool // follows from the counts, and is not in a journal
	Column  int  // of logical time; negative before the recording, 0 the recording
	Message int  // index, or -1
	run     int  // index of the run plus 1, or 0
}

// Message is a message between two lanes, or several consecutive ones of a channel.
type Message struct {
	Channel       snapshot.Channel
	First, Count  uint64
	Class         Class
	Send, Receive int      // indexes of events
	Payloads      [][]byte // of the first messages in flight
	Sign          Sign     // in a pair of snapshots
}

// Lane is the line of one process.
type Lane struct {
	ID      snapshot.ProcessID
	Process *snapshot.ProcessState // nil if the state is missing
	Missing string                 // reason, if the state is missing
	Absent  bool                   // only the other snapshot of a pair has the process
	Events  []int                  // in order
}

// Story is what a picture shows of a snapshot.
type Story struct {
	*Document
	Options
	Lanes    []Lane
	Events   []Event
	Messages []Message
	Quiet    int // processes without a lane that have no message in flight
	Busy     int // processes without a lane that have one
	// OutOfSight counts the events of the lanes that are too far from the cut.
	OutOfSight int
	// Dropped counts the arrows over the cut that are too many to be drawn.
	Dropped int
	// Loops counts messages whose order contradicts the order of other events.
	Loops int
}

// Options say what is drawn.
type Options struct {
	Asked     []snapshot.ProcessID            // processes that get a lane in any case
	Faults    []string                        // of the snapshot, for people; none means that it is consistent
	States    map[snapshot.ProcessID][]string // lines about a state; nil means the first scalars
	Waits     []string                        // who waits for whom, for people
	EventsMax int                             // events that are drawn; zero means as many as can be told apart
	LanesMax  int                             // lanes; zero means 40
	Columns   int                             // of the terminal, for Terminal; zero means no limit
}

const (
	lanesMax   = 40     // lanes, unless the options say a smaller number
	EventsMost = 20_000 // events in a picture, whatever the options say
	groupMin   = 6      // messages in flight on a channel that are drawn as one arrow
	singlesMax = 60     // messages in flight up to which each can have an arrow
	payloadMax = 100    // payloads that are kept of a group
	quietLanes = 12     // processes from which on quiet ones have no lane
)

// NewStory finds out what a picture of the document shows.
func NewStory(d *Document, o Options) *Story {
	s := newStory(d, o)
	runs := d.runs(nil)
	s.chooseLanes(runs)
	// A consistent and complete snapshot has no more arrows over the cut than that, see runs.
	s.tell(runs, max(singlesMax, len(s.Lanes)*len(s.Lanes)))
	return s
}

// newStory returns a story without lanes and events.
func newStory(d *Document, o Options) *Story {
	o.EventsMax = max(0, min(o.EventsMax, EventsMost))
	if o.LanesMax <= 0 {
		o.LanesMax = lanesMax
	}
	return &Story{Document: d, Options: o}
}

// tell finds the events and messages of the lanes. It keeps at most that many arrows over the
// cut.
func (s *Story) tell(runs []run, most int) {
	s.place(runs)
	s.match(runs)
	s.thin(most)
	s.columns()
}

// lane returns the lane of a process, or -1.
func (s *Story) lane(id snapshot.ProcessID) int {
	i, ok := slices.BinarySearchFunc(s.Lanes, id, func(l Lane, id snapshot.ProcessID) int {
		switch {
		case l.ID < id:
			return -1
		case l.ID > id:
			return 1
		}
		return 0
	})
	if !ok {
		return -1
	}
	return i
}

// chooseLanes lists the processes that have a lane, sorted. From twelve processes on these
// are the ones that were asked for, the ones with messages in flight, and the one that was
// last, which the sentence names.
func (s *Story) chooseLanes(runs []run) {
	busy := map[snapshot.ProcessID]uint64{}
	for _, r := range runs {
		for _, id := range []snapshot.ProcessID{r.channel.From, r.channel.To} {
			busy[id] += min(r.count, 1<<32)
			if r.class == Wrong {
				busy[id] += 1 << 40
			}
		}
	}
	for _, p := range s.Global.Processes {
		s.Lanes = append(s.Lanes, Lane{ID: p.ID, Process: &p})
	}
	for _, m := range s.Missing {
		if m.Process != "" {
			s.Lanes = append(s.Lanes, Lane{ID: m.Process, Missing: string(m.Reason)})
		}
	}
	last := s.LastProcess()
	asked := func(id snapshot.ProcessID) bool {
		return slices.Contains(s.Asked, id) || last != nil && id == last.ID
	}
	if len(s.Lanes) >= min(quietLanes, s.LanesMax+1) {
		some := len(busy) > 0 || len(s.Asked) > 0
		s.Lanes = slices.DeleteFunc(s.Lanes, func(l Lane) bool {
			keep := busy[l.ID] > 0 || asked(l.ID) || !some && slices.Contains(s.Initiators, l.ID)
			if !keep {
				s.Quiet++
			}
			return !keep
		})
	}
	if len(s.Lanes) > s.LanesMax {
		weight := func(l Lane) uint64 {
			if asked(l.ID) {
				return 1 << 63
			}
			return busy[l.ID]
		}
		slices.SortStableFunc(s.Lanes, func(a, b Lane) int {
			switch wa, wb := weight(a), weight(b); {
			case wa > wb:
				return -1
			case wa < wb:
				return 1
			}
			return 0
		})
		s.Busy = len(s.Lanes) - s.LanesMax
		s.Lanes = s.Lanes[:s.LanesMax]
	}
	slices.SortFunc(s.Lanes, func(a, b Lane) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
}
