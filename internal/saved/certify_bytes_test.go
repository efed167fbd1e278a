package saved

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"testing"

	"chandy/snapshot"
)

// randomCut returns parts of p1 and p2 of a random cut of one channel. The messages after
// acked lie at p1, and those from received to arrived at p2. open is the length of the
// messages of p1 if a summary does not show how long those are that p2 has not.
func randomCut(r *rand.Rand) (p1, p2 *Part, open uint64) {
	sent := r.IntN(12)
	arrived := r.IntN(sent + 1)
	acked, received := r.IntN(arrived+1), r.IntN(arrived+1)
	out, in := snapshot.Batch{First: uint64(acked) + 1}, snapshot.Batch{First: uint64(received) + 1}
	total, before := uint64(0), uint64(0)
	for seq := 1; seq <= sent; seq++ {
		payload := make([]byte, r.IntN(200))
		length := bodies([]snapshot.Batch{batch(uint64(seq), string(payload))})
		total += length
		if seq <= received {
			before = total
		}
		if seq > acked {
			open += length
			out.Append(payload)
		}
		if seq > received && seq <= arrived {
			in.Append(payload)
		}
	}
	if arrived == acked || arrived == sent {
		open = 0
	}
	p1 = &Part{Process: "p1", Incarnation: "i1", Out: []Outgoing{{To: "p2", Peer: "i2", Acked: uint64(acked), Sent: uint64(sent), SentBytes: total, Messages: []snapshot.Batch{out}}}}
	p2 = &Part{Process: "p2", Incarnation: "i2", In: []Incoming{{From: "p1", Peer: "i1", Received: uint64(received), Sent: uint64(sent), ReceivedBytes: before, Messages: []snapshot.Batch{in}}}}
	return p1, p2, open
}

// The counts of bytes of the two ends of a channel must fit each other, else the channel would
// stop after a restore. Where the messages are at hand, each wrong byte is found. Summaries
// from other processes show it only as far as no end of a batch lies within the other one.
func TestBytesOfTheTwoEndsMustFit(t *testing.T) {
	topology := snapshot.NewTopology([]snapshot.ProcessID{"p1", "p2"}, []snapshot.Channel{{From: "p1", To: "p2"}})
	found := 0
	const seeds = 500
	for seed := range uint64(seeds) {
		r := rand.New(rand.NewPCG(seed, 0))
		p1, p2, open := randomCut(r)
		certify := func() (exact, sent []error) {
			var here, there []Summary
			for _, p := range []*Part{p1, p2} {
				s, err := p.Encode(&bytes.Buffer{})
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				var came Summary
				text, err := json.Marshal(s)
				if err == nil {
					err = json.Unmarshal(text, &came)
				}
				if err != nil {
					t.Fatal(err)
				}
				here, there = append(here, s), append(there, came)
			}
			_, exact = Certify(topology, here)
			_, sent = Certify(topology, there)
			return exact, sent
		}
		if exact, sent := certify(); len(exact)+len(sent) > 0 {
			t.Fatalf("seed %d: got %v and %v, want no fault", seed, exact, sent)
		}
		wrong := uint64(1) << r.IntN(64)
		if r.IntN(2) == 0 {
			wrong = -wrong
		}
		if r.IntN(2) == 0 {
			p1.Out[0].SentBytes += wrong
		} else {
			p2.In[0].ReceivedBytes += wrong
		}
		exact, sent := certify()
		if len(exact) != 1 {
			t.Errorf("seed %d, %d bytes too many: got the faults %v, want one", seed, int64(wrong), exact)
		}
		if len(sent) != 1 && min(wrong, -wrong) > open {
			t.Errorf("seed %d, %d bytes too many, %d open: got the faults %v in summaries, want one", seed, int64(wrong), open, sent)
		}
		found += len(sent)
	}
	t.Logf("%d of %d wrong counts found in summaries", found, seeds)
}
