package saved

import (
	"bytes"
	"strings"
	"testing"

	"chandy/internal/verify"
	"chandy/snapshot"
)

// TestPartsBecomeADocumentAndAgainParts compares the documents before and after.
func TestPartsBecomeADocumentAndAgainParts(t *testing.T) {
	m, bodies, _ := testSnapshot(t, testID)
	m.Processes[0].RecordedAfterMS, m.Processes[0].CompletedAfterMS = 0.04, 2.9
	m.Channels[1].Resets = []Reset{{Process: "p2", Incarnation: "i2", Discarded: 3, Unknown: true}}
	first := document(t, m, read(t, m, bodies))
	report, err := verify.Check(strings.NewReader(first))
	if err != nil || !report.Consistent() {
		t.Fatalf("the document is not consistent: %+v, %v\n%s", report, err, first)
	}
	for _, want := range []string{`{"balance":1}`, `"recorded_after_ms": 0.04`, `{"seq": 5, "payload_base64": "Zml2ZQ=="}`, `"since_ms": 1.5`, `"discarded": 3`} {
		if !strings.Contains(first, want) {
			t.Errorf("the document lacks %s:\n%s", want, first)
		}
	}
	g, err := snapshot.Decode([]byte(first))
	if err != nil {
		t.Fatal(err)
	}
	parts, err := Parts(g, testID)
	if err != nil {
		t.Fatal(err)
	}
	if out, in := parts[0].Out[1], parts[1].In[0]; out.SentBytes-in.ReceivedBytes != 14 {
		t.Errorf("p1 sent %d bytes and p2 received %d, want a difference of 14: the messages in flight", out.SentBytes, in.ReceivedBytes)
	}
	bodies = map[snapshot.ProcessID][]byte{}
	var summaries []Summary
	for i, p := range parts {
		var b bytes.Buffer
		s, err := p.Encode(&b)
		if err != nil {
			t.Fatal(err)
		}
		bodies[p.Process], summaries, m.Processes[i].Part = b.Bytes(), append(summaries, s), s.Part
	}
	channels, faults := Certify(testTopology, summaries)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if from := summaries[0].Out[1]; from.After != from.Sent {
		t.Errorf("p1 holds messages after %d of %d, want that all lie with p2", from.After, from.Sent)
	}
	channels[1].Resets = m.Channels[1].Resets
	m.Channels = channels
	if again := document(t, m, read(t, m, bodies)); again != first {
		t.Errorf("got\n%s\nwant\n%s", again, first)
	}
}

func read(t *testing.T, m *Manifest, bodies map[snapshot.ProcessID][]byte) (parts []*Part) {
	for id, b := range bodies {
		p, err := ReadPart(bytes.NewReader(b), m, id)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, p)
	}
	return parts
}

func document(t *testing.T, m *Manifest, parts []*Part) string {
	g, err := Document(m, parts)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := g.WriteJSON(&b, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAPartialDocumentHasNoParts(t *testing.T) {
	g := &snapshot.Global{Missing: []snapshot.Missing{{Process: "p1", Reason: snapshot.Unreachable}}}
	if _, err := Parts(g, testID); err == nil {
		t.Error("got parts, want an error")
	}
	m, bodies, _ := testSnapshot(t, testID)
	if _, err := Document(m, read(t, m, bodies)[:1]); err == nil || !strings.HasSuffix(err.Error(), "no part") {
		t.Errorf("got %v, want that a part is missing", err)
	}
}
