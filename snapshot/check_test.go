package snapshot

import (
	"reflect"
	"slices"
	"time"

	"chandy/internal/explore"
)

// The checks.
const (
	checkSteps       = "steps"         // the Recorder asks for something that it must not ask for
	checkFreed       = "freed"         // what has ended is freed
	checkComplete    = "complete"      // every part is finished in the end
	checkOrder       = "piece order"   // the Collector makes the same of the pieces in any order, also twice
	checkRule        = "textbook rule" // the receiver records exactly received+1 … sent, the sender nothing
	checkCertificate = "certificate"   // received <= sent, and the messages are received+1 … sent
	checkReference   = "reference"     // the recorded states and channel states belong together
	checkRun         = "run"           // the run, reordered, is a run and goes through the snapshot
)

// check makes all checks of snapshot k in an end.
//
// What is checked here depends only on the parts of the snapshot, apart from the
// run: the path by which the exploration came here is one of many that lead to
// these parts. But whether the reordered run is one depends on the parts only, too:
// it is the events before the recordings, then those after them, each in their old
// order. A receive finds its message at the head of its channel, unless it comes
// before a recording and the send after one; then received > sent on that channel
// in the recorded states, and it fails for every run with these states. One run for
// each combination of parts is enough.
func (x *explorer) check(k int, locals []*local) (found []*explore.Finding) {
	var pieces []Piece
	gaveUp := false
	for _, l := range locals {
		pieces = append(pieces, l.pieces[k]...)
		gaveUp = gaveUp || l.gaveUp>>k&1 == 1
	}
	g, done, wrong := x.assemble(k, pieces)
	switch {
	case wrong != nil:
		return append(found, wrong)
	case !gaveUp && !done:
		found = append(found, explore.Findingf(checkComplete, "got not done, want done: %s", g))
	case !gaveUp:
		found = append(found, checkProven(g))
	}
	if g.Complete() {
		found = append(found, x.checkRun(k, g))
	}
	return append(found, checkHalves(g, pieces), checkCut(x.topology, g), checkIdle(locals))
}

// assemble feeds the pieces to Collectors in several orders.
func (x *explorer) assemble(k int, pieces []Piece) (g *Global, done bool, found *explore.Finding) {
	reversed := slices.Clone(pieces)
	slices.Reverse(reversed)
	for i, order := range [][]Piece{pieces, reversed, slices.Concat(reversed, pieces)} {
		c := NewCollector(Plan{ID: x.starts[k].ID, Cluster: "model", Epoch: 1, Topology: x.topology, Initiators: x.initiators[k]})
		for _, p := range order {
			if err := c.Add(0, p); err != nil {
				return nil, false, explore.Findingf(checkSteps, "the Collector: %v", err)
			}
		}
		other := c.Assemble(time.Second, nil)
		if i > 0 && (c.Done() != done || !reflect.DeepEqual(other, g)) {
			return nil, false, explore.Findingf(checkOrder, "%s in another order: %s", g, other)
		}
		g, done = other, c.Done()
	}
	return g, done, nil
}

// checkProven checks the certificate (docs/correctness.md), channel by channel.
func checkProven(g *Global) *explore.Finding {
	if !g.Complete() {
		return explore.Findingf(checkCertificate, "not complete: %s", g)
	}
	incarnations := map[ProcessID]Incarnation{}
	for _, p := range g.Processes {
		incarnations[p.ID] = p.Incarnation
	}
	for _, c := range g.Channels {
		if !c.Known || !c.SentKnown || !c.ReceivedKnown {
			return explore.Findingf(checkCertificate, "%s is not known in a complete snapshot", c.Channel)
		}
		if c.SeenByReceiver != incarnations[c.Channel.From] || c.SeenBySender != incarnations[c.Channel.To] {
			return explore.Findingf(checkCertificate, "%s counted with %s and %s, want %s and %s", c.Channel, c.SeenByReceiver, c.SeenBySender, incarnations[c.Channel.From], incarnations[c.Channel.To])
		}
		next := c.Received + 1
		for _, b := range c.Messages {
			for seq := range b.All() {
				if seq != next {
					return explore.Findingf(checkCertificate, "%s: got message %d, want %d", c.Channel, seq, next)
				}
				next++
			}
		}
		if next != c.Sent+1 {
			return explore.Findingf(checkCertificate, "%s: sent %d, received %d, recorded [%s]", c.Channel, c.Sent, c.Received, renderBatches(c.Messages))
		}
	}
	return nil
}

// checkHalves checks what each end recorded before the Collector trims it: under
// the textbook rule nothing is left to trim.
func checkHalves(g *Global, pieces []Piece) *explore.Finding {
	for _, p := range pieces {
		closed, ok := p.(Closed)
		if !ok {
			continue
		}
		i, _ := slices.BinarySearchFunc(g.Channels, closed.Channel, func(s ChannelState, c Channel) int { return s.Channel.Compare(c) })
		if c := g.Channels[i]; c.Known && !closed.Outgoing && renderBatches(closed.Messages) != renderBatches(c.Messages) {
			return explore.Findingf(checkRule, "%s, sent %d, received %d", closed, c.Sent, c.Received)
		}
		if closed.Outgoing && len(closed.Messages) > 0 {
			return explore.Findingf(checkRule, "%s", closed)
		}
	}
	return nil
}

// checkIdle checks that a Recorder with nothing in progress says so, and that a
// Recorder that waits for what will never come gives up at its deadline.
func checkIdle(locals []*local) *explore.Finding {
	for _, l := range locals {
		r := cloneRecorder(l.recorder, l.host)
		for _, start := range r.InProgress() {
			if start.Deadline > time.Second {
				return explore.Findingf(checkFreed, "got deadline %v, want at most 1s", start.Deadline)
			}
		}
		r.Expire(time.Second)
		if r.Recording() || r.Capturing() || len(r.recordings) > 0 {
			return explore.Findingf(checkFreed, "%s is not idle in the end", l.id)
		}
	}
	return nil
}
