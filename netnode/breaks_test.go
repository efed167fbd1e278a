package netnode_test

import (
	"context"
	"strings"
	"testing"

	"chandy/internal/clustertest"
	"chandy/internal/explore"
)

// pair is a cluster file of two processes with a channel in each direction, on which
// little fits.
var pair = bankFile(2, "[network]\noutbox_high = \"128KiB\"\nwindow = \"64KiB\"\n")

// TestProxyBreaks breaks the connection of a channel under load in every way that TCP
// knows, and in some more. Each time the channel continues over a new connection, and
// loses, doubles and alters nothing. A fault that only the peer can have made counts as a
// violation. A fault that the network can make does not.
func TestProxyBreaks(t *testing.T) {
	times := 20
	if explore.Race {
		times = 8
	}
	to := route{"127.0.0.1:7101", "127.0.0.1:7102"}
	for _, test := range []struct {
		name   string
		what   func(ctx context.Context, p *proxy, r *relay)
		sender string // texts, separated by |, of which the sender's error has one
		// receiver has the texts for the receiver's error. If the sender sees the break first,
		// its next connection may arrive before the receiver sees the end of the old one.
		receiver string
		violates bool
	}{
		{name: "reset", what: func(_ context.Context, _ *proxy, r *relay) { r.reset() },
			sender: "reset|closed|broken pipe", receiver: "reset|closed|broken pipe|unexpected EOF|replaced by a new connection"},
		{name: "cut within a frame", what: func(_ context.Context, _ *proxy, r *relay) { r.cut(forth) },
			sender: "reset|closed|broken pipe", receiver: "unexpected EOF|reset|the peer closed|replaced by a new connection"},
		{name: "cut within an acknowledgement", what: func(_ context.Context, _ *proxy, r *relay) { r.cut(back) },
			sender: "unexpected EOF|reset|the peer closed|broken pipe", receiver: "reset|closed|broken pipe|unexpected EOF|replaced by a new connection"},
		{name: "flipped bit", what: func(_ context.Context, _ *proxy, r *relay) { r.flip(forth) },
			sender: "reset|closed|broken pipe", receiver: "protocol violation|nothing was heard", violates: true},
		{name: "flipped bit in an acknowledgement", what: func(_ context.Context, _ *proxy, r *relay) { r.flip(back) },
			sender: "protocol violation|nothing was heard", receiver: "reset|closed|broken pipe|unexpected EOF|nothing was heard|replaced by a new connection"},
		{name: "half-close", what: func(_ context.Context, _ *proxy, r *relay) { r.halfClose(forth) },
			sender: "reset|closed|broken pipe", receiver: "the peer closed|unexpected EOF"},
		{name: "half-close back", what: func(_ context.Context, _ *proxy, r *relay) { r.halfClose(back) },
			sender: "the peer closed|unexpected EOF|reset|broken pipe", receiver: "reset|closed|broken pipe|unexpected EOF|replaced by a new connection"},
		{name: "late frames of an old connection", what: func(ctx context.Context, p *proxy, r *relay) {
			n := p.count(r.route)
			r.late(ctx)
			p.await(ctx, r.route, n+1, true)
			r.release()
		}, sender: "reset|closed|broken pipe", receiver: "replaced by a new connection"},
		{name: "late frames while it connects again", what: func(ctx context.Context, _ *proxy, r *relay) {
			r.late(ctx)
			r.release()
		}, sender: "reset|closed|broken pipe", receiver: "replaced by a new connection|unexpected EOF|the peer closed|reset"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProxy(t)
			c := p.cluster(pair)
			all := newTally(t, c)
			ctx := c.Ctx
			programs := all.start(1<<62, 4<<10)
			for i := range times {
				r := p.await(ctx, to, i+1, true)
				n := p.count(to)
				clustertest.Await(c, all.at(all.total.Load()+uint64(p.intn(500))))
				test.what(ctx, p, r)
				p.await(ctx, to, n+1, true)
			}
			all.finish(programs)
			sender := c.Status("p1").Outgoing[0]
			receiver := c.Status("p2").Incoming[0]
			for _, ch := range finalCounted(t, c, "p2").Channels {
				if ch.Sent != ch.Received {
					t.Errorf("%s: received %d, want all %d that were sent", ch.Channel, ch.Received, ch.Sent)
				}
			}
			if sender.Reconnects < uint64(times) || receiver.Reconnects < uint64(times) {
				t.Errorf("reconnects: got %d at the sender and %d at the receiver, want %d or more", sender.Reconnects, receiver.Reconnects, times)
			}
			if !oneOf(sender.Error, test.sender) || !oneOf(receiver.Error, test.receiver) {
				t.Errorf("errors: got %q at the sender and %q at the receiver, want %q and %q", sender.Error, receiver.Error, test.sender, test.receiver)
			}
			// A flipped bit may make a length so large that the frame never ends.
			if test.violates && receiver.Violations < uint64(times)/2 || !test.violates && receiver.Violations > 0 {
				t.Errorf("violations: got %d in %d breaks, want some: %v", receiver.Violations, times, test.violates)
			}
			t.Logf("%d times, %d messages, %d resent, %d duplicates; the sender says %q, the receiver %q",
				times, all.total.Load(), sender.Resent, receiver.Duplicates, sender.Error, receiver.Error)
		})
	}
}

func oneOf(text, parts string) bool {
	for part := range strings.SplitSeq(parts, "|") {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// finish makes the programs send nothing more, and waits until they have received
// everything that they sent.
func (all *tally) finish(programs []*counting) {
	all.t.Helper()
	all.halted.Store(true)
	total := uint64(0)
	for _, p := range programs {
		sent := make(chan uint64, 1)
		p.process.Do(func() {
			n := uint64(0)
			for _, one := range p.sent {
				n += one
			}
			sent <- n
		})
		total += clustertest.Await(all.c, sent)
	}
	clustertest.Await(all.c, all.at(total))
}
