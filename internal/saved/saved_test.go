package saved

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"chandy/snapshot"
)

func batch(first uint64, texts ...string) snapshot.Batch {
	b := snapshot.Batch{First: first}
	for _, text := range texts {
		b.Append([]byte(text))
	}
	return b
}

// testParts returns the parts of p1 and p2 of one cut. Each holds more than belongs to it.
// On p1->p2, message 3 is received, 4 to 6 are in flight, 7 came after the cut, 5 is in both
// halves. p1->p1 has one message in flight; p2->p1 none.
func testParts(id snapshot.ID) (p1, p2 *Part) {
	p1 = &Part{
		Snapshot: id, Process: "p1", Incarnation: "i1", State: snapshot.State{Bytes: []byte(`{"balance":1}`)},
		Out: []Outgoing{
			{To: "p1", Peer: "i1", Acked: 2, Sent: 2, SentBytes: 8},
			{To: "p2", Peer: "i2", Acked: 4, Sent: 6, SentBytes: 26, Messages: []snapshot.Batch{batch(3, "three", "four"), batch(5, "five", "six", "seven")}},
		},
		In: []Incoming{
			{From: "p1", Peer: "i1", Received: 1, Sent: 2, ReceivedBytes: 3, Messages: []snapshot.Batch{batch(2, "self")}},
			{From: "p2", Peer: "i2", Received: 9, Sent: 9, ReceivedBytes: 90},
		},
		Clients: []ClientRequest{{Client: "c1", MsgID: "7"}}, ClientCount: 2,
	}
	p2 = &Part{
		Snapshot: id, Process: "p2", Incarnation: "i2",
		State: snapshot.State{Encode: func(w io.Writer) error {
			_, err := io.WriteString(w, `{"balance":2}`)
			return err
		}, Idle: snapshot.IdleNo, Open: []snapshot.OpenRequest{{From: "p1", MsgID: "1", Since: 1500 * time.Microsecond}}, OpenTotal: 1},
		Out:   []Outgoing{{To: "p1", Peer: "i1", Acked: 9, Sent: 9, SentBytes: 90}},
		In:    []Incoming{{From: "p1", Peer: "i1", Received: 3, Sent: 6, ReceivedBytes: 12, Messages: []snapshot.Batch{batch(2, "two", "three"), batch(4, "four"), batch(5, "five")}}},
		Asked: []AskedRequest{{To: "p1", MsgID: `"x"`}},
	}
	return p1, p2
}

var testTopology = snapshot.NewTopology([]snapshot.ProcessID{"p1", "p2"},
	[]snapshot.Channel{{From: "p1", To: "p2"}, {From: "p2", To: "p1"}, {From: "p1", To: "p1"}})

// testSnapshot returns a manifest and the bytes of its parts.
func testSnapshot(t testing.TB, id snapshot.ID) (*Manifest, map[snapshot.ProcessID][]byte, []Summary) {
	t.Helper()
	m := &Manifest{
		ID: id, Cluster: "bank", Config: Hash(nil), Epoch: 1, Number: 3, Assembler: "p1", Initiators: []snapshot.ProcessID{"p1"},
		StartedAt: time.Date(2026, 11, 22, 7, 35, 25, 123456789, time.UTC), ElapsedMS: 3.25,
	}
	parts := map[snapshot.ProcessID][]byte{}
	var summaries []Summary
	p1, p2 := testParts(id)
	for _, p := range []*Part{p1, p2} {
		var b bytes.Buffer
		s, err := p.Encode(&b)
		if err != nil {
			t.Fatal(err)
		}
		parts[p.Process] = b.Bytes()
		summaries = append(summaries, s)
		m.Processes = append(m.Processes, Process{ID: p.Process, Incarnation: p.Incarnation, Part: s.Part, Restorable: true})
	}
	var faults []error
	if m.Channels, faults = Certify(testTopology, summaries); len(faults) > 0 {
		t.Fatal(faults)
	}
	return m, parts, summaries
}

const testID = "20261122T073525123456Z-k3m9x2q7ab"

func isCorrupt(err error) bool {
	var c *CorruptError
	return errors.As(err, &c)
}

// TestIndexesThatContradictThemselvesAreFound seals parts that another implementation could
// write by mistake: the hash is right.
