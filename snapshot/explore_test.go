package snapshot

import (
	"testing"
	"time"
)

// Topologies.
const (
	twoProcesses = "p1->p2 p2->p1"
	mesh3        = "p1->p2 p1->p3 p2->p1 p2->p3 p3->p1 p3->p2"
	ring3        = "p1->p2 p2->p3 p3->p1"
	line3        = "p1->p2 p2->p1 p2->p3 p3->p2"
	oneWay3      = "p1->p2 p2->p3"
	withSelf     = "p1->p1 p1->p2 p2->p1"
)

// size is how long an exploration takes: small ones run always, middle ones not
// with -short, large ones (seconds) neither with -short nor with -race.
type size int

const (
	small size = iota
	middle
	large
)

func (s size) skip(t *testing.T) {
	t.Helper()
	if s > small && testing.Short() || s > middle && raceEnabled {
		t.Skip("too large with -short or -race")
	}
}

// TestExplore goes through all orders of sends, deliveries, receives, initiations
// and captures of small systems around real Recorders, and checks every snapshot.
func TestExplore(t *testing.T) {
	for _, test := range []struct {
		size
		*scope
	}{
		// The large ones first: the tests run in parallel.
		{large, newScope("mesh of 3, 4 messages", mesh3, 4, "p1")},
		{large, newScope("line of 3, 3 messages, 2 snapshots", line3, 3, "p1", "p3")},
		{large, newScope("line of 3, 3 messages, 2 snapshots, one from the middle", line3, 3, "p2", "p3")},
		{large, newScope("ring of 3, 3 messages, 2 snapshots", ring3, 3, "p1", "p2")},
		{middle, newScope("2 processes, 6 messages", twoProcesses, 6, "p1")},
		{middle, newScope("2 processes, 4 messages, 2 snapshots", twoProcesses, 4, "p1", "p2")},
		{middle, newScope("2 processes, 4 messages, 2 snapshots of one initiator", twoProcesses, 4, "p1", "p1")},
		{middle, newScope("self-channel and a peer, 3 messages", withSelf, 3, "p1")},
		{middle, newScope("mesh of 3, 2 messages, 2 initiators", mesh3, 2, "p1 p3")},
		{small, newScope("one-way line, 3 messages, 2 initiators", oneWay3, 3, "p1 p2")},
		{small, newScope("2 processes, 3 messages, 2 initiators", twoProcesses, 3, "p1 p2")},
		{small, newScope("self-channel, 4 messages, 2 snapshots", "p1->p1", 4, "p1", "p1")},
		{small, newScope("one process without channels, 2 snapshots", "p1", 0, "p1", "p1")},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.size.skip(t)
			t.Parallel()
			x := explore(t, test.scope)
			// Every consistent cut that there is gets recorded, and in one way only: a
			// cut is how many messages of each channel are received, and how many are in
			// flight, together at most all. An exploration that leaves something out
			// would hardly reach them all.
			cuts := binomial(2*len(test.topology.Channels)+test.messages, test.messages)
			if got, want := len(x.checked), cuts*len(test.starts); got != want {
				t.Errorf("%d different snapshots were taken, but there are %d", got, want)
			}
		})
	}
}

// TestExploreAbandoned lets every process abandon every snapshot at any moment, or
// never hear of it in time. Markers of other processes still come, late or again:
// they start nothing and record nothing, what was recorded is freed, and what the
// others recorded fits together as far as it goes.
func TestExploreAbandoned(t *testing.T) {
	for _, test := range []struct {
		size
		*scope
	}{
		{large, newScope("abandoned, mesh of 3, 2 messages", mesh3, 2, "p1")},
		{large, newScope("abandoned, ring of 3, 2 messages", ring3, 2, "p1")},
		{middle, newScope("abandoned, line of 3, 1 message, 2 initiators", line3, 1, "p1 p3")},
		{middle, newScope("abandoned, 2 processes, 2 messages, 2 snapshots", twoProcesses, 2, "p1", "p2")},
		{small, newScope("abandoned, 2 processes, 3 messages", twoProcesses, 3, "p1")},
		{small, newScope("abandoned, self-channel, 3 messages, 2 snapshots", "p1->p1", 3, "p1", "p1")},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.size.skip(t)
			t.Parallel()
			test.abandon = true
			explore(t, test.scope)
		})
	}
}

func explore(t *testing.T, s *scope) *explorer {
	t.Helper()
	start := time.Now()
	x := newExplorer(s)
	for _, found := range x.explore() {
		t.Error(found)
	}
	t.Logf("%s: %d states in %.1f s (of one process %d), %d ends, %d different snapshots",
		s.name, len(x.visited), time.Since(start).Seconds(), len(x.nodes), x.ended, len(x.checked))
	return x
}

func binomial(n, k int) int {
	b := 1
	for i := 1; i <= k; i++ {
		b = b * (n - k + i) / i
	}
	return b
}
