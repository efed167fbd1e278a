package netnode

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// A node has room for 64 early connections from one address and 256 in all. An early
// connection that is removed makes room for another one. If there is no room, the oldest
// connection of an address that has more goes.
func TestEarlyLimits(t *testing.T) {
	var e early
	places := map[string][]*place{}
	for _, step := range []struct {
		host          string
		add, want     int // connections that come, and that are let in
		removedBefore int // from a
		gone          map[string]int
	}{
		{"a", 100, 64, 0, nil}, {"b", 100, 64, 0, nil}, {"a", 1, 0, 0, nil}, {"a", 2, 1, 1, nil},
		{"c", 64, 64, 0, nil}, {"d", 64, 64, 0, nil},
		{"e", 2, 2, 0, map[string]int{"": 2}},     // of any
		{"e", 2, 2, 2, nil},                       // in free places
		{"f", 100, 50, 0, map[string]int{"": 50}}, // until all have about as many
	} {
		for range step.removedBefore {
			e.remove(places["a"][0])
			places["a"] = places["a"][1:]
		}
		added, gone := 0, 0
		for range step.add {
			p, mustGo, ok := e.add(step.host, nil, time.Unix(0, 0))
			if ok {
				added++
				places[step.host] = append(places[step.host], p)
			}
			if mustGo != nil {
				gone++
				if oldest := places[mustGo.host][0]; oldest != mustGo {
					t.Errorf("%s: got another connection of %s turned away, want the oldest", step.host, mustGo.host)
				}
				places[mustGo.host] = places[mustGo.host][1:]
			}
		}
		if added != step.want || gone != step.gone[""] {
			t.Errorf("%d more from %s, after %d had gone: got %d added and %d turned away, want %d and %d", step.add, step.host, step.removedBefore, added, gone, step.want, step.gone[""])
		}
		if e.all > earlyMax {
			t.Errorf("got %d early connections, want at most %d", e.all, earlyMax)
		}
	}
	for _, of := range places {
		for _, p := range of {
			e.remove(p)
			e.remove(p) // has no effect
		}
	}
	if e.all != 0 || len(e.byHost) != 0 {
		t.Errorf("after the last had gone: got %d connections and the hosts %v, want none", e.all, e.byHost)
	}
}

// When all places are taken by as many addresses, one more waits until the oldest has had its
// time.
func TestEarlyConnectionsOfManyAddressesGo(t *testing.T) {
	var e early
	for i := range earlyMax {
		if _, _, ok := e.add(fmt.Sprint(i), nil, time.Unix(0, int64(i))); !ok {
			t.Fatalf("connection %d: got no place, want one", i)
		}
	}
	for _, test := range []struct {
		after time.Duration
		want  string // host of the place that must go; empty if there is no room
	}{{earlyGrace - 1, ""}, {earlyGrace, "0"}, {earlyGrace, ""}, {earlyGrace + 1, "1"}} {
		_, mustGo, ok := e.add("new", nil, time.Unix(0, 0).Add(test.after))
		if ok != (test.want != "") || ok && mustGo.host != test.want {
			t.Errorf("after %v: got %+v, %t, want the place of %q", test.after, mustGo, ok, test.want)
		}
		if ok {
			for _, p := range e.byHost["new"] {
				e.remove(p)
			}
			e.add("again"+test.want, nil, time.Unix(0, 0).Add(test.after))
		}
	}
}

// A host from which a process has proved who it is gets a place at once, and keeps it.
func TestKnownHostsHaveTheirPlaces(t *testing.T) {
	var e early
	e.know("peer")
	peer, _, _ := e.add("peer", nil, time.Unix(0, 0))
	for i := 1; i < earlyMax; i++ {
		e.add(fmt.Sprint(i), nil, time.Unix(0, int64(i)))
	}
	if _, mustGo, ok := e.add("stranger", nil, time.Unix(60, 0)); !ok || mustGo == peer {
		t.Errorf("stranger: got %+v, %t, want the place of another stranger", mustGo, ok)
	}
	e.add("peer", nil, time.Unix(60, 0))
	if _, mustGo, ok := e.add("peer", nil, time.Unix(60, 0)); !ok || mustGo.host == "peer" {
		t.Errorf("peer: got %+v, %t, want the place of a stranger", mustGo, ok)
	}
}

func TestSpecNumbersOfEarlyConnections(t *testing.T) {
	spec, err := os.ReadFile("../wire/SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("at most %d connections whose hello it has not read, and at most %d of them from one address", earlyMax, earlyHostMax)
	if !strings.Contains(string(spec), want) {
		t.Errorf("SPEC.md: got no sentence with %q, want it", want)
	}
}
