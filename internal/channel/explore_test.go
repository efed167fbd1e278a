package channel

import (
	"testing"

	"chandy/internal/explore"
	"chandy/snapshot"
)

// Topologies.
const (
	oneWay  = "p1->p2"
	bothWay = "p1->p2 p2->p1"
	ring3   = "p1->p2 p2->p3 p3->p1"
)

type exploration struct {
	explore.Size
	*scope
}

// run explores each and expects no finding. The large ones stand first, since they
// run in parallel.
func run(t *testing.T, all []exploration) {
	t.Parallel()
	for _, one := range all {
		t.Run(one.name, func(t *testing.T) {
			one.Skip(t)
			t.Parallel()
			x := newExplorer(one.scope)
			x.Expect(t)
			t.Logf("%d states of one process, %d of a wire, %d different snapshots, %d of them complete",
				len(x.nodes.All), len(x.wires.all.All), len(x.checked), x.complete)
		})
	}
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
		{explore.Large, channelScope("in order, 3 messages, 2 markers, 2 disconnects, 1 restart", InOrder, oneWay, 3, 2, 2, 1)},
		{explore.Huge, channelScope("in order, 4 messages, 2 markers, 2 disconnects, 1 restart", InOrder, oneWay, 4, 2, 2, 1)},
		{explore.Huge, channelScope("ahead, 4 messages, 2 markers, 2 disconnects, 1 restart", Ahead, oneWay, 4, 2, 2, 1)},
		{explore.Huge, channelScope("both ways, 2 messages, 1 disconnect, 1 restart", Ahead, bothWay, 2, 0, 1, 1)},
		{explore.Huge, channelScope("ahead, 3 messages, 2 markers, 2 disconnects, 1 restart", Ahead, oneWay, 3, 2, 2, 1)},
		{explore.Huge, twoAcks(channelScope("ahead, 4 messages, 2 markers, 2 disconnects, 2 acks in flight", Ahead, oneWay, 4, 2, 2, 0))},
		{explore.Large, channelScope("ahead, 2 messages, 2 markers, 2 disconnects, 1 restart", Ahead, oneWay, 2, 2, 2, 1)},
		{explore.Large, channelScope("ahead, 4 messages, 1 marker, 1 disconnect, 1 restart", Ahead, oneWay, 4, 1, 1, 1)},
		{explore.Large, twoAcks(channelScope("ahead, 3 messages, 2 markers, 2 disconnects, 2 acks in flight", Ahead, oneWay, 3, 2, 2, 0))},
		{explore.Large, twoAcks(channelScope("in order, 4 messages, 2 markers, 2 disconnects, 2 acks in flight", InOrder, oneWay, 4, 2, 2, 0))},
		{explore.Large, again(channelScope("in order, sent again, 3 messages, 2 markers, 2 disconnects", InOrder, oneWay, 3, 2, 2, 0))},
		{explore.Large, again(channelScope("ahead, sent again, 3 messages, 2 markers, 2 disconnects", Ahead, oneWay, 3, 2, 2, 0))},
		{explore.Large, again(channelScope("ahead, sent again, 2 messages, 1 marker, 2 disconnects, 1 restart", Ahead, oneWay, 2, 1, 2, 1))},
		{explore.Large, channelScope("both ways, 1 message, 1 disconnect, 1 restart", Ahead, bothWay, 1, 0, 1, 1)},
		{explore.Small, channelScope("in order, 2 messages, 1 marker, 1 disconnect, 1 restart", InOrder, oneWay, 2, 1, 1, 1)},
		{explore.Small, channelScope("ahead, 2 messages, 1 marker, 1 disconnect, 1 restart", Ahead, oneWay, 2, 1, 1, 1)},
		{explore.Small, channelScope("both ways, 1 message, 1 restart", InOrder, bothWay, 1, 0, 0, 1)},
		{explore.Small, restartedTwice()},
	})
}

// TestExploreSnapshots joins the channels with Recorders: every order, with
// disconnects, of snapshots that wait for no message and of the textbook's. It does
// not matter which of two processes initiates: the two are alike.
func TestExploreSnapshots(t *testing.T) {
	disconnect := func(s *scope) *scope { s.disconnects, s.resets = 1, true; return s }
	limit := func(total, acks int, s *scope) *scope { s.total, s.acks = total, acks; return s }
	run(t, []exploration{
		{explore.Huge, disconnect(joinedScope("ahead, 2 processes, 2 messages each way, 1 disconnect", Ahead, bothWay, 2, "p1"))},
		{explore.Large, limit(3, 1, disconnect(joinedScope("ahead, 2 processes, 3 messages, 1 disconnect", Ahead, bothWay, 2, "p1")))},
		{explore.Large, limit(2, 0, disconnect(joinedScope("ahead, ring of 3, 2 messages, 2 snapshots, 1 disconnect, no acks but welcomes", Ahead, ring3, 2, "p1", "p2")))},
		{explore.Large, limit(1, 1, disconnect(joinedScope("ahead, ring of 3, 1 message, 2 snapshots, 1 disconnect", Ahead, ring3, 1, "p1", "p2")))},
		{explore.Large, disconnect(joinedScope("in order, 2 processes, 2 messages each way, 1 disconnect", InOrder, bothWay, 2, "p1"))},
		{explore.Huge, limit(2, 1, disconnect(joinedScope("ahead, 2 processes, 2 messages, 2 snapshots, 1 disconnect", Ahead, bothWay, 2, "p1", "p2")))},
		{explore.Huge, limit(2, 1, joinedScope("ahead, ring of 3, 2 messages, 2 snapshots", Ahead, ring3, 1, "p1", "p2"))},
		{explore.Huge, limit(2, 1, joinedScope("ahead, 2 processes, 2 messages, 2 snapshots", Ahead, bothWay, 2, "p1", "p2"))},
		{explore.Large, limit(2, 1, disconnect(joinedScope("ahead, 2 processes, 2 messages, both initiate", Ahead, bothWay, 2, "p1 p2")))},
		{explore.Large, limit(2, 1, abandoned(joinedScope("ahead, abandoned, 2 processes, 2 messages", Ahead, bothWay, 2, "p1")))},
		{explore.Large, limit(2, 1, abandoned(joinedScope("in order, abandoned, 2 processes, 2 messages", InOrder, bothWay, 2, "p1")))},
		{explore.Large, limit(2, 0, disconnect(joinedScope("in order, ring of 3, 2 messages, 2 snapshots, 1 disconnect, no acks but welcomes", InOrder, ring3, 2, "p1", "p2")))},
		{explore.Large, limit(1, 1, disconnect(joinedScope("in order, ring of 3, 1 message, 2 snapshots, 1 disconnect", InOrder, ring3, 1, "p1", "p2")))},
		{explore.Large, again(snapshotsOnRing("ahead, sent again, ring of 3, 1 message, 2 snapshots, 1 disconnect, no acks but welcomes", Ahead))},
		{explore.Large, again(snapshotsOnRing("in order, sent again, ring of 3, 1 message, 2 snapshots, 1 disconnect, no acks but welcomes", InOrder))},
		{explore.Huge, abandoned(snapshotsOnRing("ahead, abandoned, ring of 3, 1 message, 2 snapshots, 1 disconnect, no acks but welcomes", Ahead))},
		{explore.Huge, abandoned(snapshotsOnRing("in order, abandoned, ring of 3, 1 message, 2 snapshots, 1 disconnect, no acks but welcomes", InOrder))},
		{explore.Small, abandoned(disconnectOfTwo("ahead, abandoned, 2 processes, 1 message, 1 disconnect", Ahead))},
		{explore.Small, abandoned(disconnectOfTwo("in order, abandoned, 2 processes, 1 message, 1 disconnect", InOrder))},
		{explore.Small, snapshotsOnRing("ahead, ring of 3, 1 message, 2 snapshots, 1 disconnect, no acks but welcomes", Ahead)},
		{explore.Small, snapshotsOnRing("in order, ring of 3, 1 message, 2 snapshots, 1 disconnect, no acks but welcomes", InOrder)},
		{explore.Small, again(disconnectOfTwo("ahead, sent again, 2 processes, 1 message each way, 1 disconnect", Ahead))},
		{explore.Small, again(disconnectOfTwo("in order, sent again, 2 processes, 1 message each way, 1 disconnect", InOrder))},
		{explore.Small, disconnectOfTwo("ahead, 2 processes, 1 message each way, 1 disconnect", Ahead)},
		{explore.Small, disconnectOfTwo("in order, 2 processes, 1 message each way, 1 disconnect", InOrder)},
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
		{explore.Huge, acks(restartScope("ahead, p1 restarts, 2 messages", Ahead, 2, "p1"))},
		{explore.Large, example(acks(restartScope("ahead, p1 restarts, 2 messages of p1", Ahead, 2, "p1")))},
		{explore.Large, restartScope("ahead, p1 restarts, 2 messages, no acks but welcomes", Ahead, 2, "p1")},
		{explore.Large, restartScope("ahead, p2 restarts, 2 messages, no acks but welcomes", Ahead, 2, "p2")},
		{explore.Large, restartScope("in order, p1 restarts, 2 messages, no acks but welcomes", InOrder, 2, "p1")},
		{explore.Small, example(restartScope("in order, p1 restarts, 2 messages of p1", InOrder, 2, "p1"))},
		{explore.Small, example(restartScope("ahead, p1 restarts, 2 messages of p1, no acks but welcomes", Ahead, 2, "p1"))},
	})
}
