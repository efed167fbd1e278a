package diagram

import "chandy/snapshot"

// run is consecutive messages of a channel that the certificate speaks of.
type run struct {
	channel      snapshot.Channel
	first, count uint64
	class        Class    // InFlight or Wrong
	back         bool     // received before the cut and sent after it
	payloads     [][]byte // of the first messages, if they were recorded
	sign         Sign
}

// part returns the messages from first to last, which are in the run.
func (r run) part(first, last uint64, sign Sign) run {
	skip, count := first-r.first, last-first+1
	n := uint64(len(r.payloads))
	r.payloads = r.payloads[min(skip, n):min(skip+count, n)]
	r.first, r.count, r.sign = first, count, sign
	return r
}

// runs returns the messages that the counts and the channel states say something about: the
// messages in flight, and the ones that contradict a consistent cut. More than five of one
// kind on a channel are one run, fewer are a run each. If there would be very many runs, two
// are one run already. The function split, if non-nil, cuts a run into the parts that have
// different signs.
func (d *Document) runs(split func(run) []run) []run {
	if split == nil {
		split = func(r run) []run { return []run{r} }
	}
	all := d.grouped(groupMin, split)
	if len(all) > singlesMax {
		all = d.grouped(2, split)
	}
	return all
}

// grouped returns the runs, of which the ones of least messages and more are not taken apart.
func (d *Document) grouped(least uint64, split func(run) []run) (all []run) {
	for _, c := range d.Channels {
		for _, whole := range d.channelRuns(c) {
			for _, r := range split(whole) {
				if r.count >= least {
					all = append(all, r)
					continue
				}
				for i := range r.count {
					all = append(all, r.part(r.first+i, r.first+i, r.sign))
				}
			}
		}
	}
	return all
}

// runsMax bounds the runs of a channel in a damaged document.
const runsMax = 20

// channelRuns returns the runs of one channel.
func (d *Document) channelRuns(c snapshot.ChannelState) (all []run) {
	if !d.comparable(c) {
		return nil
	}
	add := func(first, last uint64, class Class, back bool, payloads [][]byte) {
		if first > last || first == 0 {
			return
		}
		if n := len(all); n > 0 && class == Wrong && all[n-1].class == Wrong && all[n-1].first+all[n-1].count == first {
			all[n-1].count += last - first + 1
		} else if n < runsMax {
			all = append(all, run{c.Channel, first, last - first + 1, class, back, payloads, Single})
		}
	}
	if c.Received > c.Sent {
		add(c.Sent+1, c.Received, Wrong, true, nil)
	}
	if !c.Known {
		return all
	}
	next := c.Received + 1 // number that must come next
	var flight [][]byte
	begin, end := uint64(0), uint64(0) // numbers of the messages in flight that were recorded
	for _, b := range c.Messages {
		for seq, payload := range b.All() {
			if seq != next || seq > c.Sent {
				if seq > next && seq <= c.Sent { // the numbers between are missing
					add(next, seq-1, Wrong, false, nil)
				} else {
					add(seq, seq, Wrong, false, [][]byte{payload})
					continue
				}
			}
			if begin == 0 || end+1 != seq {
				add(begin, end, InFlight, false, flight)
				begin, flight = seq, nil
			}
			end, next = seq, seq+1
			if len(flight) < payloadMax {
				flight = append(flight, payload)
			}
		}
	}
	add(begin, end, InFlight, false, flight)
	if c.Sent > c.Received {
		add(next, c.Sent, Wrong, false, nil)
	}
	return all
}

// comparable reports whether the two ends of a channel counted in the same pair of
// incarnations. Otherwise their counts say nothing about each other.
func (d *Document) comparable(c snapshot.ChannelState) bool {
	from, to := d.Process(c.Channel.From), d.Process(c.Channel.To)
	return c.SentKnown && c.ReceivedKnown && from != nil && to != nil &&
		from.Incarnation == c.SeenByReceiver && to.Incarnation == c.SeenBySender
}
