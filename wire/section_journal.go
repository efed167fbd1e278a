package wire

import (
	"math"
	"time"

	"chandy/snapshot"
)

// journal collects a journal. Times are micros after the event before, and the names of
// peers and types are in a table, so that an event takes about 8 bytes.
func (s *sectionEncoder) journal(j snapshot.Journal) {
	s.checkOwner(j.Process, j.Incarnation)
	if fault := j.Check(); fault != nil {
		bug("journal: %v", fault)
	}
	index := map[string]uint64{"": 0}
	var names []string
	for _, e := range j.Events {
		for _, name := range [...]string{string(e.Peer), e.Type} {
			if _, known := index[name]; !known {
				names = append(names, name)
				index[name] = uint64(len(names))
			}
		}
	}
	first := j.Events[0].At
	b := appendUint(s.fields, uint64(j.RecordedAt.UnixNano()))
	b = appendUint(b, j.Omitted)
	b = appendDuration(b, -first)
	b = appendUint(b, uint64(len(names)))
	for _, name := range names {
		b = appendName(b, "name", name)
	}
	b = appendUint(b, uint64(len(j.Events)))
	before := time.Duration(0)
	for _, e := range j.Events {
		after := (e.At - first) / time.Microsecond
		b = append(b, byte(e.Kind))
		b = appendUint(b, uint64(max(0, after-before)))
		b = appendUint(b, index[string(e.Peer)])
		b = appendUint(b, e.Seq)
		b = appendUint(b, e.Bytes)
		b = appendUint(b, index[e.Type])
		before = max(before, after)
	}
	s.fields = b
}

// eventMin is how many bytes an event has at least.
const eventMin = 6

// nameMin is how many bytes a name in the table has at least: its length and a character.
const nameMin = 2

func (d *pieceDecoder) journal() snapshot.Journal {
	j := snapshot.Journal{Process: d.process, Incarnation: d.incarnation}
	at := d.uint("recorded at")
	if at > math.MaxInt64 {
		d.fail("recorded at %d ns is too late", at)
	}
	j.RecordedAt = time.Unix(0, int64(at)).UTC()
	j.Omitted = d.uint("omitted")
	now := -d.duration("before")
	names := d.eventNames()
	n := d.items("events", eventMin)
	if n > snapshot.EventsMax {
		d.fail("%d events, more than %d", n, snapshot.EventsMax)
		return j
	}
	j.Events = make([]snapshot.Event, 0, min(n, preallocMax))
	for i := range n {
		e := d.event(names)
		if now > math.MaxInt64-e.At || i == 0 && e.At > 0 || e.Kind == snapshot.EventRecorded && now+e.At != 0 {
			d.fail("event %d has a wrong time", i)
		}
		if d.err != nil {
			return j
		}
		now += e.At
		e.At = now
		j.Events = append(j.Events, e)
	}
	if names.used != len(names.all)-1 {
		d.fail("%d names, but events use %d", len(names.all)-1, names.used)
	}
	d.check(j.Check())
	return j
}

// event decodes an event, whose At is the time since the event before.
func (d *decoder) event(names *eventNames) snapshot.Event {
	e := snapshot.Event{Kind: snapshot.EventKind(d.byte("kind", 1, byte(snapshot.EventMarkerReceived)))}
	e.At = d.duration("after")
	e.Peer = snapshot.ProcessID(names.next(d, "peer"))
	e.Seq, e.Bytes = d.uint("seq"), d.uint("bytes")
	e.Type = names.next(d, "type")
	return e
}

// eventNames is the table of names of a journal. Events use each of them, for the first time
// in the order of the table, so that a journal has one encoding.
type eventNames struct {
	all  []string // the first one is the empty name, which is not on the wire
	used int      // besides the empty name
}

func (d *decoder) eventNames() *eventNames {
	names := &eventNames{all: []string{""}}
	known := map[string]bool{"": true}
	for range d.items("names", nameMin) {
		name := d.name("name")
		if known[name] {
			d.fail("name %q is there twice", name)
		}
		if d.err != nil {
			break
		}
		known[name] = true
		names.all = append(names.all, name)
	}
	return names
}

// next decodes the index of a name, and returns the name.
func (n *eventNames) next(d *decoder, field string) string {
	i := d.uint(field)
	switch {
	case i >= uint64(len(n.all)) || int(i) > n.used+1:
		d.fail("%s is name %d, after %d of %d", field, i, n.used, len(n.all)-1)
		return ""
	case int(i) > n.used:
		n.used++
	}
	return n.all[i]
}
