package snapshot

import (
	"testing"

	"chandy/internal/explore"
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

type exploration struct {
	explore.Size
	*scope
}

// run explores each and expects no finding; check, if non-nil, then looks at what was
// explored. The large ones stand first, since they run in parallel.
func run(t *testing.T, all []exploration, check func(*testing.T, *explorer)) {
	for _, one := range all {
		t.Run(one.name, func(t *testing.T) {
			one.Skip(t)
			t.Parallel()
			x := newExplorer(one.scope)
			x.Expect(t)
			t.Logf("%d states of one process, %d different snapshots", len(x.nodes.All), len(x.checked))
			if check != nil {
				check(t, x)
			}
		})
	}
}

// TestExplore explores sends, deliveries, receives, initiations and captures of small
// systems around real Recorders, and checks every snapshot.
//
// A consistent cut is how many messages of each channel are received and how many are
// in flight, together at most all. Every one of them must be recorded, and in one way
// only. An exploration that leaves something out would hardly reach them all.
func TestExplore(t *testing.T) {
	run(t, []exploration{
		{explore.Huge, newScope("mesh of 3, 4 messages", mesh3, 4, "p1")},
		{explore.Large, newScope("mesh of 3, 3 messages", mesh3, 3, "p1")},
		{explore.Large, newScope("line of 3, 3 messages, 2 snapshots", line3, 3, "p1", "p3")},
		{explore.Large, newScope("line of 3, 3 messages, 2 snapshots, one from the middle", line3, 3, "p2", "p3")},
		{explore.Large, newScope("ring of 3, 3 messages, 2 snapshots", ring3, 3, "p1", "p2")},
		{explore.Middle, newScope("2 processes, 6 messages", twoProcesses, 6, "p1")},
		{explore.Middle, newScope("2 processes, 4 messages, 2 snapshots", twoProcesses, 4, "p1", "p2")},
		{explore.Middle, newScope("2 processes, 4 messages, 2 snapshots of one initiator", twoProcesses, 4, "p1", "p1")},
		{explore.Middle, newScope("self-channel and a peer, 3 messages", withSelf, 3, "p1")},
		{explore.Middle, newScope("mesh of 3, 2 messages, 2 initiators", mesh3, 2, "p1 p3")},
		{explore.Small, newScope("one-way line, 3 messages, 2 initiators", oneWay3, 3, "p1 p2")},
		{explore.Small, newScope("2 processes, 3 messages, 2 initiators", twoProcesses, 3, "p1 p2")},
		{explore.Small, newScope("self-channel, 4 messages, 2 snapshots", "p1->p1", 4, "p1", "p1")},
		{explore.Small, newScope("one process without channels, 2 snapshots", "p1", 0, "p1", "p1")},
	}, func(t *testing.T, x *explorer) {
		cuts := binomial(2*len(x.topology.Channels)+x.messages, x.messages)
		if got, want := len(x.checked), cuts*len(x.starts); got != want {
			t.Errorf("got %d different snapshots, want %d", got, want)
		}
	})
}

// TestExploreAbandoned lets every process abandon every snapshot at any moment, or
// never learn of it in time. Markers of other processes still arrive, late or again:
// they start nothing and record nothing, what was recorded is freed, and the parts
// that other processes recorded fit together.
func TestExploreAbandoned(t *testing.T) {
	abandoned := func(s *scope) *scope { s.abandon = true; return s }
	run(t, []exploration{
		{explore.Large, abandoned(newScope("abandoned, mesh of 3, 2 messages", mesh3, 2, "p1"))},
		{explore.Large, abandoned(newScope("abandoned, ring of 3, 2 messages", ring3, 2, "p1"))},
		{explore.Middle, abandoned(newScope("abandoned, line of 3, 1 message, 2 initiators", line3, 1, "p1 p3"))},
		{explore.Middle, abandoned(newScope("abandoned, 2 processes, 2 messages, 2 snapshots", twoProcesses, 2, "p1", "p2"))},
		{explore.Small, abandoned(newScope("abandoned, 2 processes, 3 messages", twoProcesses, 3, "p1"))},
		{explore.Small, abandoned(newScope("abandoned, self-channel, 3 messages, 2 snapshots", "p1->p1", 3, "p1", "p1"))},
	}, nil)
}

func binomial(n, k int) int {
	b := 1
	for i := 1; i <= k; i++ {
		b = b * (n - k + i) / i
	}
	return b
}
