package saved

import (
	"fmt"
	"slices"

	"chandy/snapshot"
)

// Certify returns the channels of a manifest from the summaries of all parts, sorted, and
// what is wrong with the cut. Nothing is wrong if on every channel
//
//   - both ends counted in the same pair of incarnations,
//   - received <= sent, and the marker had the sender's count,
//   - the halves together cover received+1 … sent,
//   - both ends count the same bytes, as far as the summaries show it.
//
// Summaries that were made from parts here show it exactly. Those that came from other
// processes have no messages: if both ends hold a message, and the sender holds another one
// that has not arrived, they leave a range. Each fault names its channel or process.
func Certify(topology *snapshot.Topology, parts []Summary) ([]Channel, []error) {
	var channels []Channel
	var faults []error
	byID := map[snapshot.ProcessID]Summary{}
	for _, p := range parts {
		if _, twice := byID[p.Process]; twice || !topology.Has(p.Process) {
			faults = append(faults, fmt.Errorf("%s: a part too many", p.Process))
		}
		byID[p.Process] = p
	}
	for _, id := range topology.Processes {
		if _, ok := byID[id]; !ok {
			faults = append(faults, fmt.Errorf("%s: no part", id))
		}
	}
	ends := 0
	for _, c := range topology.Channels {
		from, to := byID[c.From], byID[c.To]
		if from.Process == "" || to.Process == "" {
			continue // named above
		}
		out, in := find(from.Out, c.To), find(to.In, c.From)
		if out == nil || in == nil {
			faults = append(faults, fmt.Errorf("%s: a part has no record of it", c))
			continue
		}
		ends += 2
		for _, fault := range certify(from, to, *out, *in) {
			faults = append(faults, fmt.Errorf("%s: %w", c, fault))
		}
		channels = append(channels, Channel{
			From: c.From, To: c.To, Incarnations: [2]snapshot.Incarnation{from.Incarnation, to.Incarnation},
			Sent: out.Sent, Received: in.After, InFlight: max(out.Sent, in.After) - in.After, Bytes: out.Bytes + in.Bytes,
		})
	}
	for _, p := range parts {
		ends -= len(p.Out) + len(p.In)
	}
	if ends < 0 && len(faults) == 0 {
		faults = append(faults, fmt.Errorf("the parts have %d ends of channels too many", -ends))
	}
	return channels, faults
}

func find(halves []Half, peer snapshot.ProcessID) *Half {
	i := slices.IndexFunc(halves, func(h Half) bool { return h.Peer == peer })
	if i < 0 {
		return nil
	}
	return &halves[i]
}

// certify returns what is wrong with one channel.
func certify(from, to Summary, out, in Half) (faults []error) {
	fault := func(format string, a ...any) { faults = append(faults, fmt.Errorf(format, a...)) }
	if out.Incarnation != to.Incarnation {
		fault("%s counted with incarnation %q of %s, which was %q", from.Process, out.Incarnation, to.Process, to.Incarnation)
	}
	if in.Incarnation != from.Incarnation {
		fault("%s counted with incarnation %q of %s, which was %q", to.Process, in.Incarnation, from.Process, from.Incarnation)
	}
	if in.Sent != out.Sent {
		fault("the marker had %d messages sent, the part of %s has %d", in.Sent, from.Process, out.Sent)
	}
	switch received := in.After; {
	case received > out.Sent:
		fault("received %d messages of %d sent", received, out.Sent)
	case in.Through < received || in.Through > out.Sent || out.Through != out.Sent || out.After > out.Sent:
		fault("the parts hold messages that are not in the cut, or lack some: %d … %d at %s, %d … %d at %s",
			out.After+1, out.Through, from.Process, received+1, in.Through, to.Process)
	case in.Through < out.Sent && out.After > in.Through:
		fault("message %d is in no part", in.Through+1)
	default:
		arrived := in.Total + in.Bytes
		least, most := out.beyond(in.Through)
		if beyond := out.Total - arrived; arrived < in.Total || arrived > out.Total || beyond < least || beyond > most {
			fault("%s counts %d bytes until message %d, and %s %d until message %d, with %d … %d between them",
				to.Process, arrived, in.Through, from.Process, out.Total, out.Sent, least, most)
		}
	}
	return faults
}

// beyond returns how many bytes the messages after a number have at an outgoing end, at least
// and at most. Each message has one byte or more.
func (h Half) beyond(seq uint64) (least, most uint64) {
	if len(h.messages) > 0 {
		for _, b := range h.messages {
			if b = b.After(seq); b.Count > 0 {
				least += uint64(len(b.Body))
			}
		}
		return least, least
	}
	switch {
	case seq >= h.Through:
		return 0, 0
	case seq <= h.After:
		return h.Bytes, h.Bytes
	}
	return h.Through - seq, h.Bytes - min(h.Bytes, seq-h.After)
}

// Verify returns what is wrong with a manifest, given what [CheckPart] returned for each of
// its processes: [Certify] for the parts, and the manifest says the same as they do. A part
// that could not be read is left out, and its process is a fault.
func Verify(m *Manifest, parts []Summary) (faults []error) {
	if err := m.Check(); err != nil {
		return []error{err}
	}
	var ids []snapshot.ProcessID
	for _, p := range m.Processes {
		ids = append(ids, p.ID)
	}
	var names []snapshot.Channel
	for _, c := range m.Channels {
		names = append(names, c.Channel())
	}
	channels, faults := Certify(snapshot.NewTopology(ids, names), parts)
	for _, c := range channels {
		i, _ := slices.BinarySearchFunc(m.Channels, c, compareChannels)
		said := m.Channels[i]
		said.Resets = nil
		if c.Incarnations != said.Incarnations || c.Sent != said.Sent || c.Received != said.Received || c.InFlight != said.InFlight || c.Bytes != said.Bytes {
			faults = append(faults, fmt.Errorf("%s: the manifest has %+v, the parts have %+v", c.Channel(), said, c))
		}
	}
	for _, p := range parts {
		if said := m.Process(p.Process); said != nil && (said.Part != p.Part || said.Incarnation != p.Incarnation) {
			faults = append(faults, fmt.Errorf("%s: the manifest has another part or incarnation", p.Process))
		}
	}
	return faults
}

func compareChannels(a, b Channel) int { return a.Channel().Compare(b.Channel()) }
