package snapshot

// fault alters what passes between a Recorder and its host, so that the product needs
// no switch for faults. The zero value of every field is no fault.
type fault struct {
	onInbox   func(h *host, from ProcessID, inbox []Batch) []Batch // returns the inbox that the Recorder sees
	onArrival func(h *host, from ProcessID) bool                   // reports whether the Recorder sees a message arrive
	onMarker  func(h *host, m Marker) Marker                       // returns the marker that the Recorder sees
	onEffect  func(h *host, e Effect) []Effect                     // returns the effects that replace e
	onState   func(h *host) []byte                                 // returns the state that the Recorder gets
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
