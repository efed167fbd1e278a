package snapshot

import "time"

// Never is the time of a stage that does not apply, or that was not reached.
const Never time.Duration = -1

// Times says when a process reached the stages of a snapshot, on its own clock since it
// first learned of the snapshot. A negative time means that the stage does not apply.
type Times struct {
	FirstMarker time.Duration // the first marker came; an initiator may record before
	Held        time.Duration // the program received nothing more
	Settled     time.Duration // the child had settled; only if the node waited for it
	Asked       time.Duration // the program was asked for its state
	Encoded     time.Duration // the bytes of the state were there
	// Sent is when the state was handed to the connection to the assembler. Before that it
	// may have waited for other pieces, for a connection, or to be encoded.
	Sent time.Duration
}

// NoTimes returns the Times of which no stage was reached.
func NoTimes() Times { return Times{Never, Never, Never, Never, Never, Never} }

// Stages returns all times, in the order of the fields.
func (t *Times) Stages() [6]*time.Duration {
	return [...]*time.Duration{&t.FirstMarker, &t.Held, &t.Settled, &t.Asked, &t.Encoded, &t.Sent}
}

// stageKeys are the keys of the stages in the JSON, in the order of Stages.
var stageKeys = keys{required: []string{"first_marker_ms", "held_ms", "settled_ms", "asked_ms", "encoded_ms", "sent_ms"}}

// Timed is the piece of a part that says when the process reached the stages up to the
// sending of its [Recorded]. A part is complete without it.
type Timed struct {
	Process     ProcessID
	Incarnation Incarnation
	Times       Times
}

// By returns the process.
func (p Timed) By() ProcessID { return p.Process }

// Begun returns when the process first learned of the snapshot, on the caller's clock.
func (s Start) Begun() time.Duration { return s.Deadline - s.Timeout }

func (w *jsonWriter) times(t Times) {
	w.key("times")
	w.flat++
	w.open('{')
	for i, at := range t.Stages() {
		w.key(stageKeys.required[i]).millisecondsOrNull(*at, *at >= 0)
	}
	w.close('}')
	w.flat--
}

func (d *decoder) times(to **Times) error {
	t := NoTimes()
	*to = &t
	return d.object(&stageKeys, func(key string) error {
		_, err := d.millisecondsOrNull(t.Stages()[stageKeys.find([]byte(key))])
		return err
	})
}
