package netnode_test

import (
	"context"
	"strings"
	"testing"
)

// pair is a cluster file of two processes with one channel from p1 to p2, and one
// back on which little is sent.
const pair = `name = "test"
[[process]]
id = "p1"
address = "127.0.0.1:7101"
[[process]]
id = "p2"
address = "127.0.0.1:7102"
[program]
kind = "bank"
[network]
outbox_high = "128KiB"
window = "64KiB"
`

// TestProxyBreaks breaks the connection of a channel under load in every way that
// TCP knows, and some that it does not. Each time the channel goes on over a new
// connection, having lost, doubled and altered nothing; what the peer seems to have
// done wrong is a violation, what only the network can do is none.
func TestProxyBreaks(t *testing.T) {
	times := 20
	if raceEnabled {
		times = 8
	}
	to := route{"127.0.0.1:7101", "127.0.0.1:7102"}
	for _, test := range []struct {
		name     string
		what     func(ctx context.Context, p *proxy, r *relay)
		sender   string // one of these, by |, is in the error at the sender
		receiver string // and at the receiver
		violates bool
	}{
		{name: "reset", what: func(_ context.Context, _ *proxy, r *relay) { r.reset() },
			sender: "reset|closed|broken pipe", receiver: "reset|closed|broken pipe|unexpected EOF"},
		{name: "cut within a frame", what: func(_ context.Context, _ *proxy, r *relay) { r.cut(forth) },
			sender: "reset|closed|broken pipe", receiver: "unexpected EOF|reset|the peer closed"},
		{name: "cut within an acknowledgement", what: func(_ context.Context, _ *proxy, r *relay) { r.cut(back) },
			sender: "unexpected EOF|reset|the peer closed", receiver: "reset|closed|broken pipe|unexpected EOF"},
		{name: "flipped bit", what: func(_ context.Context, _ *proxy, r *relay) { r.flip(forth) },
			sender: "reset|closed|broken pipe", receiver: "protocol violation|nothing was heard", violates: true},
		{name: "flipped bit in an acknowledgement", what: func(_ context.Context, _ *proxy, r *relay) { r.flip(back) },
			sender: "protocol violation|nothing was heard", receiver: "reset|closed|broken pipe|unexpected EOF|nothing was heard"},
		{name: "half-close", what: func(_ context.Context, _ *proxy, r *relay) { r.halfClose(forth) },
			sender: "reset|closed|broken pipe", receiver: "the peer closed|unexpected EOF"},
		{name: "half-close back", what: func(_ context.Context, _ *proxy, r *relay) { r.halfClose(back) },
			sender: "the peer closed|unexpected EOF", receiver: "reset|closed|broken pipe|unexpected EOF"},
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
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			p := newProxy(t, seeded(t))
			c := newCluster(t, p.from, pair)
			ctx, all := newTally(ctx, t)
			programs := all.start(c, 1<<62, 4<<10)
			for i := range times {
				r := p.await(ctx, to, i+1, true)
				n := p.count(to)
				within(ctx, t, all.at(all.total.Load()+uint64(p.intn(500))))
				test.what(ctx, p, r)
				p.await(ctx, to, n+1, true)
			}
			all.finish(ctx, programs)
			sender := c.status(ctx, "p1").Outgoing[0]
			receiver := c.status(ctx, "p2").Incoming[0]
			if s := c.finalCounted(ctx, "p2"); s != nil {
				for _, ch := range s.Channels {
					if *ch.Sent != *ch.Received {
						t.Errorf("%s->%s: sent %d, received %d", ch.From, ch.To, *ch.Sent, *ch.Received)
					}
				}
			}
			if sender.Reconnects < uint64(times) || receiver.Reconnects < uint64(times) {
				t.Errorf("reconnects: %d at the sender, %d at the receiver, not %d", sender.Reconnects, receiver.Reconnects, times)
			}
			if !oneOf(sender.Error, test.sender) || !oneOf(receiver.Error, test.receiver) {
				t.Errorf("the sender says %q, the receiver %q", sender.Error, receiver.Error)
			}
			// A flipped bit may make a frame so long that the rest of it never comes.
			if test.violates && receiver.Violations < uint64(times)/2 || !test.violates && receiver.Violations > 0 {
				t.Errorf("%d violations", receiver.Violations)
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

func within(ctx context.Context, t *testing.T, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-ctx.Done():
		t.Fatal(context.Cause(ctx))
	}
}

// finish lets the programs send nothing more and waits until they have received
// what they sent.
func (all *tally) finish(ctx context.Context, programs []*counting) {
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
		select {
		case n := <-sent:
			total += n
		case <-ctx.Done():
			all.t.Fatal(context.Cause(ctx))
		}
	}
	within(ctx, all.t, all.at(total))
}
