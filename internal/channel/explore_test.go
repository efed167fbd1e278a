package channel

import (
	"flag"
	"testing"
	"time"

	"chandy/snapshot"
)

// Topologies.
const (
	oneWay  = "p1->p2"
	bothWay = "p1->p2 p2->p1"
	ring3   = "p1->p2 p2->p3 p3->p1"
)

// size is how long an exploration takes: small ones run always, large ones (seconds)
// neither with -short nor with -race, huge ones (minutes) only with -huge.
type size int

const (
	small size = iota
	large
	huge
)

var runHuge = flag.Bool("huge", false, "explore also what takes minutes and a gigabyte")

func (s size) skip(t *testing.T) {
	t.Helper()
	switch {
	case s == huge && !*runHuge:
		t.Skip("only with -huge")
	case s > small && (testing.Short() || raceEnabled):
		t.Skip("too large with -short or -race")
	}
}

type exploration struct {
	size
	*scope
}

// run explores each. The large ones stand first: they run in parallel.
func run(t *testing.T, all []exploration) {
	t.Parallel()
	for _, one := range all {
		t.Run(one.name, func(t *testing.T) {
			one.size.skip(t)
			t.Parallel()
			explore(t, one.scope)
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
	t.Logf("%s: %d states in %.1f s (of one process %d, of a wire %d), %d ends, %d different snapshots, %d of them complete",
		s.name, x.visited.n, time.Since(start).Seconds(), len(x.nodes), len(x.wires.all), x.ended, len(x.checked), x.complete)
	return x
}

// channelScope has no snapshots; its window takes two messages.
func channelScope(name string, rule Rule, channels string, messages, markers, disconnects, restarts int) *scope {
	s := newScope(name, rule, channels)
	s.window = 2*messageBytes - 1
	s.messages, s.markers, s.disconnects, s.restarts = messages, markers, disconnects, restarts
	return s
}

// again lets a sender also send again what arrived.
func again(s *scope) *scope { s.stale = true; return s }

// abandoned lets each process abandon each snapshot at any moment. There is one
// message.
func abandoned(s *scope) *scope { s.abandon, s.total = true, 1; return s }

// TestExploreChannel goes through every order of sends, markers, writes,
// deliveries, receives, acknowledgements, disconnects and restarts of one channel.
// See explorer for what this shows of progress, and connections for what is left out.
func TestExploreChannel(t *testing.T) {
	twoAcks := func(s *scope) *scope { s.acks = 2; return s }
	run(t, []exploration{
		{large, channelScope("in order, 4 messages, 2 markers, 2 disconnects, 1 restart", InOrder, oneWay, 4, 2, 2, 1)},
		{huge, channelScope("ahead, 4 messages, 2 markers, 2 disconnects, 1 restart", Ahead, oneWay, 4, 2, 2, 1)},
		{huge, channelScope("both ways, 2 messages, 1 disconnect, 1 restart", Ahead, bothWay, 2, 0, 1, 1)},
		{large, channelScope("ahead, 3 messages, 2 markers, 2 disconnects, 1 restart", Ahead, oneWay, 3, 2, 2, 1)},
		{large, twoAcks(channelScope("ahead, 4 messages, 2 markers, 2 disconnects, 2 acks in flight", Ahead, oneWay, 4, 2, 2, 0))},
		{large, twoAcks(channelScope("in order, 4 messages, 2 markers, 2 disconnects, 2 acks in flight", InOrder, oneWay, 4, 2, 2, 0))},
		{large, again(channelScope("in order, sent again, 3 messages, 2 markers, 2 disconnects", InOrder, oneWay, 3, 2, 2, 0))},
		{large, again(channelScope("ahead, sent again, 3 messages, 2 markers, 2 disconnects", Ahead, oneWay, 3, 2, 2, 0))},
		{large, again(channelScope("ahead, sent again, 2 messages, 1 marker, 2 disconnects, 1 restart", Ahead, oneWay, 2, 1, 2, 1))},
		{large, channelScope("both ways, 1 message, 1 disconnect, 1 restart", Ahead, bothWay, 1, 0, 1, 1)},
		{small, channelScope("in order, 2 messages, 1 marker, 1 disconnect, 1 restart", InOrder, oneWay, 2, 1, 1, 1)},
		{small, channelScope("ahead, 2 messages, 1 marker, 1 disconnect, 1 restart", Ahead, oneWay, 2, 1, 1, 1)},
		{small, channelScope("both ways, 1 message, 1 restart", InOrder, bothWay, 1, 0, 0, 1)},
		{small, restartedTwice()},
	})
}

// TestExploreSnapshots joins the channels with Recorders: every order, with
// disconnects, of snapshots that wait for no message and of the textbook's. It does
// not matter which of two processes initiates: the two are alike.
func TestExploreSnapshots(t *testing.T) {
	disconnect := func(s *scope) *scope { s.disconnects, s.resets = 1, true; return s }
	limit := func(total, acks int, s *scope) *scope { s.total, s.acks = total, acks; return s }
	run(t, []exploration{
		{large, disconnect(joinedScope("ahead, 2 processes, 2 messages each way, 1 disconnect", Ahead, bothWay, 2, "p1"))},
		{large, limit(2, 0, disconnect(joinedScope("ahead, ring of 3, 2 messages, 2 snapshots, 1 disconnect, no acks but welcomes", Ahead, ring3, 2, "p1", "p2")))},
		{large, limit(1, 1, disconnect(joinedScope("ahead, ring of 3, 1 message, 2 snapshots, 1 disconnect", Ahead, ring3, 1, "p1", "p2")))},
		{large, disconnect(joinedScope("in order, 2 processes, 2 messages each way, 1 disconnect", InOrder, bothWay, 2, "p1"))},
		{huge, limit(2, 1, disconnect(joinedScope("ahead, 2 processes, 2 messages, 2 snapshots, 1 disconnect", Ahead, bothWay, 2, "p1", "p2")))},
		{huge, limit(2, 1, joinedScope("ahead, ring of 3, 2 messages, 2 snapshots", Ahead, ring3, 1, "p1", "p2"))},
		{huge, limit(2, 1, joinedScope("ahead, 2 processes, 2 messages, 2 snapshots", Ahead, bothWay, 2, "p1", "p2"))},
		{large, limit(2, 1, disconnect(joinedScope("ahead, 2 processes, 2 messages, both initiate", Ahead, bothWay, 2, "p1 p2")))},
		{large, limit(2, 1, abandoned(joinedScope("ahead, abandoned, 2 processes, 2 messages", Ahead, bothWay, 2, "p1")))},
		{large, limit(2, 1, abandoned(joinedScope("in order, abandoned, 2 processes, 2 messages", InOrder, bothWay, 2, "p1")))},
		{large, limit(2, 0, disconnect(joinedScope("in order, ring of 3, 2 messages, 2 snapshots, 1 disconnect, no acks but welcomes", InOrder, ring3, 2, "p1", "p2")))},
		{large, limit(1, 1, disconnect(joinedScope("in order, ring of 3, 1 message, 2 snapshots, 1 disconnect", InOrder, ring3, 1, "p1", "p2")))},
		{large, again(snapshotsOnRing("ahead, sent again, ring of 3, 1 message, 2 snapshots, 1 disconnect, no acks but welcomes", Ahead))},
		{large, again(snapshotsOnRing("in order, sent again, ring of 3, 1 message, 2 snapshots, 1 disconnect, no acks but welcomes", InOrder))},
		{huge, abandoned(snapshotsOnRing("ahead, abandoned, ring of 3, 1 message, 2 snapshots, 1 disconnect, no acks but welcomes", Ahead))},
		{huge, abandoned(snapshotsOnRing("in order, abandoned, ring of 3, 1 message, 2 snapshots, 1 disconnect, no acks but welcomes", InOrder))},
		{small, abandoned(disconnectOfTwo("ahead, abandoned, 2 processes, 1 message, 1 disconnect", Ahead))},
		{small, abandoned(disconnectOfTwo("in order, abandoned, 2 processes, 1 message, 1 disconnect", InOrder))},
		{small, snapshotsOnRing("ahead, ring of 3, 1 message, 2 snapshots, 1 disconnect, no acks but welcomes", Ahead)},
		{small, snapshotsOnRing("in order, ring of 3, 1 message, 2 snapshots, 1 disconnect, no acks but welcomes", InOrder)},
		{small, again(disconnectOfTwo("ahead, sent again, 2 processes, 1 message each way, 1 disconnect", Ahead))},
		{small, again(disconnectOfTwo("in order, sent again, 2 processes, 1 message each way, 1 disconnect", InOrder))},
		{small, disconnectOfTwo("ahead, 2 processes, 1 message each way, 1 disconnect", Ahead)},
		{small, disconnectOfTwo("in order, 2 processes, 1 message each way, 1 disconnect", InOrder)},
	})
}

// restartScope is the example of docs/correctness.md: three processes that have not
// heard of each other, a snapshot that p1 initiates, and a process that restarts at
// any moment. What it reported may be lost with it or not.
func restartScope(name string, rule Rule, messages int, restarting snapshot.ProcessID) *scope {
	s := joinedScope(name, rule, ring3, messages, "p1")
	s.known, s.restarts, s.restarting, s.total, s.acks = false, 1, []snapshot.ProcessID{restarting}, messages, 0
	return s
}

// TestExploreRestart lets a process restart during a snapshot. Then it is partial,
// because a process restarted, or it is complete and right.
func TestExploreRestart(t *testing.T) {
	example := func(s *scope) *scope { s.senders = []snapshot.ProcessID{"p1"}; return s }
	acks := func(s *scope) *scope { s.acks = 1; return s }
	run(t, []exploration{
		{huge, acks(restartScope("ahead, p1 restarts, 2 messages", Ahead, 2, "p1"))},
		{large, example(acks(restartScope("ahead, p1 restarts, 2 messages of p1", Ahead, 2, "p1")))},
		{large, restartScope("ahead, p1 restarts, 2 messages, no acks but welcomes", Ahead, 2, "p1")},
		{large, restartScope("ahead, p2 restarts, 2 messages, no acks but welcomes", Ahead, 2, "p2")},
		{large, restartScope("in order, p1 restarts, 2 messages, no acks but welcomes", InOrder, 2, "p1")},
		{small, example(restartScope("in order, p1 restarts, 2 messages of p1", InOrder, 2, "p1"))},
		{small, example(restartScope("ahead, p1 restarts, 2 messages of p1, no acks but welcomes", Ahead, 2, "p1"))},
	})
}
