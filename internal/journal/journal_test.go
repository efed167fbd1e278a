package journal

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"chandy/snapshot"
)

// line is an event of a message as the model of the tests knows it.
type line struct {
	kind snapshot.EventKind
	at   time.Duration
	peer uint16
	seq  uint64
	text string
}

// process is a process with channels to and from some peers, its ring, and all that
// happened.
type process struct {
	ring           *Ring
	random         *rand.Rand
	now            time.Duration
	sent, received []uint64
	all            []line
}

func newProcess(seed uint64, size, peers int) *process {
	return &process{
		ring: NewRing(size), random: rand.New(rand.NewPCG(seed, 0)), sent: make([]uint64, peers), received: make([]uint64, peers),
	}
}

// run makes n random events of messages. Many follow one another in one step.
func (p *process) run(n int) {
	for range n {
		if p.random.IntN(3) == 0 {
			p.now += time.Duration(p.random.IntN(5))
		}
		kind, count := snapshot.EventSent, p.sent
		if p.random.IntN(4) == 0 {
			kind, count = snapshot.EventReceived, p.received
		}
		peer := p.random.IntN(len(count))
		text := []string{`{"type":"transfer","amount":12}`, `{"type":"transfer","amount":7}`, `{"type":"ask","to":"somebody"}`, "x"}[p.random.IntN(4)]
		for range 1 + p.random.IntN(3) {
			count[peer]++
			p.all = append(p.all, line{kind, p.now, uint16(peer), count[peer], text})
			p.ring.Message(kind, p.now, uint16(peer), count[peer], []byte(text))
		}
	}
}

// expand returns the messages of entries.
func expand(entries []Entry) (all []line) {
	for _, e := range entries {
		for n := range e.Count {
			if e.ofMessage() {
				all = append(all, line{e.Kind, e.At, e.Peer, e.Seq + uint64(n), fmt.Sprint(e.Type(), " ", e.Bytes)})
			}
		}
	}
	return all
}

// within checks that got is part of the lines of the model, in order.
func within(t *testing.T, seed uint64, got, model []line) {
	t.Helper()
	i := 0
	for _, one := range got {
		for i < len(model) && (model[i].kind != one.kind || model[i].peer != one.peer || model[i].seq != one.seq) {
			i++
		}
		if i == len(model) {
			t.Fatalf("seed %d: got the event %+v in a wrong place or invented, want a part of what happened", seed, one)
		}
		kind := ""
		if text := model[i].text; text != "x" {
			kind = strings.Split(text, `"`)[3]
		}
		if want := fmt.Sprint(kind, " ", len(model[i].text)); model[i].at != one.at || one.text != want {
			t.Fatalf("seed %d: got %+v, want at %v with %s", seed, one, model[i].at, want)
		}
	}
}

// Every message in flight of which the ring still has the sending is in the window, as far
// as there is room, and the window is part of what happened.
func TestWindowHasTheMessagesInFlight(t *testing.T) {
	// The ring has seven sizes and there are three numbers of later events: five seeds for each pair.
	for seed := range uint64(105) {
		p := newProcess(seed, 20+int(seed%7)*Most/4, 3)
		p.run(p.random.IntN(3 * Most))
		floors := make([]uint64, 3)
		for peer, sent := range p.sent {
			floors[peer] = sent - min(sent, uint64(p.random.IntN(Most/4)))
		}
		cut := len(p.all)
		w := p.ring.Open("20261122T073525123456Z-k3m9x2q7ab", p.now, floors)
		inRing := map[line]bool{}
		for _, one := range expand(p.ring.entries) {
			inRing[line{kind: one.kind, peer: one.peer, seq: one.seq}] = true
		}
		p.run(p.random.IntN(1 + Most*int(seed%3)))
		p.ring.Close(w)
		if want := len(p.all) - cut; w.after != want {
			t.Fatalf("seed %d: got %d messages after the cut, want %d", seed, w.after, want)
		}
		p.run(5)
		entries, omitted := w.Events()
		got := expand(entries)
		if len(got) > Most {
			t.Errorf("seed %d: got %d messages, want at most %d", seed, len(got), Most)
		}
		within(t, seed, got, p.all)
		has := map[line]bool{}
		for _, one := range got {
			has[line{kind: one.kind, peer: one.peer, seq: one.seq}] = true
		}
		for i, one := range p.all {
			key := line{kind: one.kind, peer: one.peer, seq: one.seq}
			if i < cut && one.kind == snapshot.EventSent && one.seq > floors[one.peer] && inRing[key] && !has[key] {
				t.Fatalf("seed %d: message %d to %d is in flight: got no event of it, want one", seed, one.seq, one.peer)
			}
		}
		if before := len(expand(w.entries[:w.cut])); omitted != before+w.after-len(got) {
			t.Errorf("seed %d: got %d omitted, want %d", seed, omitted, before+w.after-len(got))
		}
	}
}

// The last message of each channel before the cut and the first after it are there, however
// many others there are.
func TestWindowHasTheNearestOfEachChannel(t *testing.T) {
	p := newProcess(1, 8*Most, 3)
	p.ring.Message(snapshot.EventReceived, 1, 2, 7, nil)
	for n := range uint64(3 * Most) {
		p.ring.Message(snapshot.EventReceived, time.Duration(n), 1, n+1, nil)
	}
	w := p.ring.Open("S", p.now, make([]uint64, 3))
	for n := range uint64(3 * Most) {
		p.ring.Message(snapshot.EventReceived, time.Duration(n), 1, n+3*Most+1, nil)
	}
	p.ring.Message(snapshot.EventReceived, 1, 2, 8, nil)
	events, omitted := w.Events()
	got := expand(events)
	if first, last := got[0], got[len(got)-1]; first.peer != 2 || first.seq != 7 || last.peer != 2 || last.seq != 8 {
		t.Errorf("got %+v to %+v, want message 7 of peer 2 first and message 8 last", first, last)
	}
	if len(got) != Most || omitted != 6*Most+2-Most {
		t.Errorf("got %d messages and %d omitted, want %d and %d", len(got), omitted, Most, 5*Most+2)
	}
}

// A window has the markers of its own snapshot only, even if many messages come between.
func TestWindowHasItsOwnMarkers(t *testing.T) {
	r := NewRing(100)
	r.Snapshot(snapshot.EventMarkerReceived, 1, 1, 3, "20261122T073525123456Z-aaaaaaaaaa")
	r.Snapshot(snapshot.EventMarkerReceived, 1, 2, 4, "20261122T073525123456Z-bbbbbbbbbb")
	a := r.Open("20261122T073525123456Z-aaaaaaaaaa", 2, make([]uint64, 3))
	b := r.Open("20261122T073525123456Z-bbbbbbbbbb", 2, make([]uint64, 3))
	r.Snapshot(snapshot.EventMarkerSent, 2, 1, 0, "20261122T073525123456Z-aaaaaaaaaa")
	for n := range uint64(2 * Most) {
		r.Message(snapshot.EventSent, 3, 1, n+1, nil)
	}
	r.Snapshot(snapshot.EventMarkerReceived, 4, 2, 9, "20261122T073525123456Z-aaaaaaaaaa")
	for name, c := range map[string]struct {
		w    *Window
		want string
	}{
		"a": {a, "marker_received 3, recorded 0, marker_sent 0, marker_received 9, "},
		"b": {b, "marker_received 4, recorded 0, "},
	} {
		got := ""
		events, _ := c.w.Events()
		for _, e := range events {
			if !e.ofMessage() {
				got += fmt.Sprint(e.Kind, " ", e.Seq, ", ")
			}
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

// What a ring keeps of messages to a peer that restarted would be taken for messages to its
// next life.
func TestForgetDropsThePeer(t *testing.T) {
	p := newProcess(3, 1000, 3)
	p.run(500)
	p.ring.Forget(1)
	p.ring.Message(snapshot.EventSent, p.now, 1, p.sent[1]+1, []byte("x"))
	events, _ := p.ring.Open("S", p.now, make([]uint64, 3)).Events()
	peers := map[uint16]int{}
	for _, one := range expand(events) {
		peers[one.peer]++
	}
	if peers[0] == 0 || peers[1] != 1 || peers[2] == 0 {
		t.Errorf("events by peer: got %v, want one of peer 1 and some of the others", peers)
	}
}

func TestRingKeepsTheLastEvents(t *testing.T) {
	for _, size := range []int{1, 2, growMin, growMin + 1, 1000} {
		r := NewRing(size)
		for n := range uint64(3000) {
			r.Message(snapshot.EventSent, time.Duration(n), 0, n+1, nil)
		}
		if got := r.Bytes(); got != size*EntryBytes {
			t.Errorf("ring of %d: got %d bytes, want %d", size, got, size*EntryBytes)
		}
		events, _ := r.Open("S", 1, []uint64{0}).Events()
		if want := size - 1; len(expand(events)) != want { // the recording has a place too
			t.Errorf("ring of %d: got %d events, want %d", size, len(expand(events)), want)
		}
	}
}
