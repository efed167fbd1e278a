package snapshot

// fault is something wrong that stands between a Recorder and the host around it:
// the Recorder is told, or its effects are done, otherwise than they should be. The
// zero value of every field is no fault. There is no switch in the product.
type fault struct {
	onInbox   func(h *host, from ProcessID, inbox []Batch) []Batch // what the Recorder is told of an inbox
	onArrival func(h *host, from ProcessID) bool                   // whether it is told of a message
	onMarker  func(h *host, m Marker) Marker                       // which marker it is told of
	onEffect  func(h *host, e Effect) []Effect                     // what is done in place of an effect
	onState   func(h *host) []byte                                 // the state that it is given
	impatient bool                                                 // the program receives during a capture
	overtake  bool                                                 // a message goes before the marker that was sent before it
}

var noFault = &fault{}

func (f *fault) inbox(h *host, from ProcessID, inbox []Batch) []Batch {
	if f.onInbox == nil {
		return inbox
	}
	return f.onInbox(h, from, inbox)
}

func (f *fault) arrival(h *host, from ProcessID) bool {
	return f.onArrival == nil || f.onArrival(h, from)
}

func (f *fault) marker(h *host, m Marker) Marker {
	if f.onMarker == nil {
		return m
	}
	return f.onMarker(h, m)
}

func (f *fault) effects(h *host, effects []Effect) []Effect {
	if f.onEffect == nil {
		return effects
	}
	var done []Effect
	for _, e := range effects {
		done = append(done, f.onEffect(h, e)...)
	}
	return done
}

func (f *fault) state(h *host) []byte {
	if f.onState == nil {
		return h.programState()
	}
	return f.onState(h)
}
