package store_test

import (
	"slices"
	"testing"

	"chandy/internal/saved"
)

// A store has one ending of each process in an epoch. A reading has those of the current epoch
// that are not corrupt.
func TestAReadingHasTheEndingsOfItsEpoch(t *testing.T) {
	m, s := newStore(t)
	must(t, save(s, 1, testID(1), ""))
	_, _, err := s.Decide(commit(t, s, 2, testID(1)))
	must(t, err)
	for _, e := range []saved.Ending{
		{Epoch: 1, By: saved.Node{Process: "p1"}, Why: "old"},
		{Epoch: 2, By: saved.Node{Process: "p1"}, Why: "corrupt"},
		{Epoch: 2, By: saved.Node{Process: "p2"}, Why: "first", Handling: []saved.Handled{{From: "p1", Seq: 119, InBase: true}}},
		{Epoch: 2, By: saved.Node{Process: "p2"}, Why: "second"},
	} {
		must(t, s.End(e))
	}
	m.Set("endings/2/p1", m.Content("endings/2/p1")[1:])
	r, err := s.Reading()
	must(t, err)
	var got []string
	for _, e := range r.Endings {
		got = append(got, string(e.By.Process)+" "+e.Why+" "+e.Skip())
	}
	if want := []string{"p2 first p1->p2#119"}; !slices.Equal(got, want) {
		t.Errorf("got the endings %q, want %q", got, want)
	}
	if err := s.End(saved.Ending{Epoch: 2}); err == nil {
		t.Error("an ending without a process: got no error, want one")
	}
}
