package snapshot

import (
	"fmt"
	"math/rand"
	"slices"
	"strconv"
	"strings"
)

// seededRun is a cluster whose processes pass tokens, and on whose channels messages
// and markers are delayed at random. Time is counted in ticks. With the same numbers
// from random it does the same:
//
//   - What is put on a channel is due 1 … delayMax ticks later. One number is drawn
//     for a send; for the markers of a process one each, its channels sorted.
//   - In a tick, for process after process, sorted, the heads of its outgoing
//     channels are looked at, sorted. The first one that is due arrives, and the
//     process has had its turn: at most one delivery a process a tick. What is not
//     due holds up what is behind it, for channels keep the order.
//   - A message that arrives is received at once.
//
// These are the rules and the draws of the simulator in Princeton's COS 418,
// assignment 2, hence math/rand and not v2: its 21 published snapshots come out of
// its files here, too, with its seed, 8053172852482175524. They are not kept here.
//
// Invariants: due[ch] is as long as wires[ch]; states[id] is tokens[id] as text.
type seededRun struct {
	*cluster
	random *rand.Rand
	now    int
	tokens map[ProcessID]int
	due    map[Channel][]int
	ids    []ID // of the snapshots, in order
}

const delayMax = 5

func newSeededRun(g tokenGraph, random *rand.Rand, f *fault) *seededRun {
	r := &seededRun{cluster: newCluster(g.topology), random: random, tokens: map[ProcessID]int{}, due: map[Channel][]int{}}
	for _, id := range g.topology.Processes {
		r.hosts[id].fault = f
		r.add(id, g.tokens[id])
	}
	return r
}

func (r *seededRun) add(id ProcessID, n int) {
	r.tokens[id] += n
	r.states[id] = strconv.Itoa(r.tokens[id])
}

func (r *seededRun) event(e tokenEvent) error {
	switch e.verb {
	case "send":
		return r.pass(Channel{e.from, e.to}, e.n)
	case "snapshot":
		return r.begin(e.from)
	}
	for range e.n {
		r.tick()
	}
	return nil
}

func (r *seededRun) pass(ch Channel, n int) error {
	switch {
	case !slices.Contains(r.topology.Channels, ch):
		return fmt.Errorf("no channel %s", ch)
	case r.tokens[ch.From] < n:
		return fmt.Errorf("%s has %d tokens", ch.From, r.tokens[ch.From])
	}
	r.add(ch.From, -n)
	r.send(ch.From, ch.To, fmt.Appendf(nil, "token(%d)", n))
	r.delay(ch)
	return nil
}

func (r *seededRun) begin(at ProcessID) error {
	if !r.topology.Has(at) {
		return fmt.Errorf("no process %s", at)
	}
	if unreached := r.topology.Unreached(at); len(unreached) > 0 {
		return fmt.Errorf("no marker from %s reaches %s", at, renderIDs(unreached))
	}
	id := ID(strconv.Itoa(len(r.ids)))
	effects, err := r.initiate(at, id)
	if err != nil {
		return err
	}
	r.ids = append(r.ids, id)
	r.delayMarkers(at, effects)
	return nil
}

// delay says when what was just put on a channel is due.
func (r *seededRun) delay(ch Channel) {
	r.due[ch] = append(r.due[ch], r.now+1+r.random.Intn(delayMax))
}

func (r *seededRun) delayMarkers(from ProcessID, effects []Effect) {
	for _, e := range effects {
		if m, ok := e.(SendMarker); ok {
			r.delay(Channel{from, m.To})
		}
	}
}

func (r *seededRun) tick() {
	r.now++
	for _, from := range r.topology.Processes {
		for _, to := range r.topology.Out(from) {
			ch := Channel{from, to}
			if due := r.due[ch]; len(due) > 0 && due[0] <= r.now {
				r.arrive(ch)
				break
			}
		}
	}
}

func (r *seededRun) arrive(ch Channel) {
	r.due[ch] = r.due[ch][1:]
	isMarker := r.wires[ch][0].marker != nil
	effects := r.deliver(ch)
	if !isMarker {
		_, payload := r.hosts[ch.To].receive(ch.From)
		r.add(ch.To, countTokens(payload))
	}
	r.delayMarkers(ch.To, effects)
}

// finish ticks until every snapshot is complete.
func (r *seededRun) finish() error {
	for _, id := range r.ids {
		for !r.global(id).Complete() {
			if len(r.busy()) == 0 {
				return fmt.Errorf("snapshot %s does not end: %s", id, r.global(id))
			}
			r.tick()
		}
	}
	return nil
}

// checkTokens checks that a snapshot proves itself and has all the tokens.
func checkTokens(g *Global, total int) error {
	if found := checkProven(g); found != nil {
		return fmt.Errorf("%s: %s", found.Check, found.Text)
	}
	sum := 0
	for _, p := range g.Processes {
		n, err := strconv.Atoi(string(p.State.Bytes))
		if err != nil {
			return err
		}
		sum += n
	}
	for _, c := range g.Channels {
		for _, b := range c.Messages {
			for _, payload := range b.All() {
				sum += countTokens(payload)
			}
		}
	}
	if sum != total {
		return fmt.Errorf("%d tokens in snapshot %s, want %d", sum, g.ID, total)
	}
	return nil
}

// countTokens reads token(n).
func countTokens(payload []byte) (n int) {
	if _, err := fmt.Sscanf(string(payload), "token(%d)", &n); err != nil {
		panic(fmt.Sprintf("bug: %q: %v", payload, err))
	}
	return n
}

// renderTokens prints a complete snapshot as it stands in a .snap file.
func renderTokens(g *Global) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", g.ID)
	for _, p := range g.Processes {
		fmt.Fprintf(&b, "%s %s\n", p.ID, p.State.Bytes)
	}
	for _, c := range g.Channels {
		for _, batch := range c.Messages {
			for _, payload := range batch.All() {
				fmt.Fprintf(&b, "%s %s %s\n", c.Channel.From, c.Channel.To, payload)
			}
		}
	}
	return b.String()
}
