package saved

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"chandy/snapshot"
)

func TestAPartIsTrimmedToTheCut(t *testing.T) {
	m, parts, _ := testSnapshot(t, testID)
	const want1 = `{"balance":1}` + "\x04five\x03six" + "\x04self" + "\n"
	if got := string(parts["p1"]); !strings.HasPrefix(got, want1) {
		t.Errorf("the part of p1 is %q, want it to begin with %q", got, want1)
	}
	const want2 = `{"balance":2}` + "\x04four\x04five" + "\n"
	if got := string(parts["p2"]); !strings.HasPrefix(got, want2) {
		t.Errorf("the part of p2 is %q, want it to begin with %q", got, want2)
	}
	late, _ := testParts(testID)
	late.In[0].Messages = append(late.In[0].Messages, batch(3, "after the cut"))
	var b bytes.Buffer
	if s, err := late.Encode(&b); err != nil || s.In[0].Through != 2 || b.String() != string(parts["p1"]) {
		t.Errorf("with a message after the cut: got %v, messages to %d and %q, want none, 2 and %q", err, s.In[0].Through, b.String(), parts["p1"])
	}
	if c := m.Channels[1]; c.InFlight != 3 || c.Bytes != 19 {
		t.Errorf("p1->p2 has %d messages in flight and %d bytes, want 3 and 19", c.InFlight, c.Bytes)
	}
}

func TestAPartComesBack(t *testing.T) {
	m, parts, summaries := testSnapshot(t, testID)
	p1, err := ReadPart(bytes.NewReader(parts["p1"]), m, "p1")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(p1.State.Bytes), `{"balance":1}`; got != want {
		t.Errorf("state %q, want %q", got, want)
	}
	if got := p1.Out[1].Messages; len(got) != 1 || got[0].First != 5 || string(got[0].Body) != "\x04five\x03six" {
		t.Errorf("p1->p2 has %v, want the messages 5 and 6", got)
	}
	if got := fmt.Sprint(p1.Clients, p1.ClientCount); got != "[{c1 7}] 2" {
		t.Errorf("open requests and count of clients %s, want [{c1 7}] 2", got)
	}
	p2, err := ReadPart(bytes.NewReader(parts["p2"]), m, "p2")
	if err != nil {
		t.Fatal(err)
	}
	if s := p2.State; s.Idle != snapshot.IdleNo || fmt.Sprint(s.Open) != "[{p1 1 1.5ms}]" || fmt.Sprint(p2.Asked) != `[{p1 "x"}]` {
		t.Errorf("idle %v, open %v, asked %v, want no, [{p1 1 1.5ms}] and [{p1 \"x\"}]", s.Idle, s.Open, p2.Asked)
	}
	for i, id := range []snapshot.ProcessID{"p1", "p2"} {
		got, err := CheckPart(bytes.NewReader(parts[id]), m, id)
		if fmt.Sprint(got) != fmt.Sprint(summaries[i]) || err != nil {
			t.Errorf("the summary of %s is\n%v, %v, want\n%v", id, got, err, summaries[i])
		}
	}
	if faults := Verify(m, summaries); len(faults) > 0 {
		t.Errorf("got the faults %v, want none", faults)
	}
}

func TestAPartThatLacksAMessageIsNotWritten(t *testing.T) {
	for _, c := range []struct {
		change func(*Part)
		want   string
	}{
		{func(p *Part) { p.Out[1].Acked = 1 }, "p1->p2: message 2 is not recorded"},
		{func(p *Part) { p.Out[1].Sent = 8 }, "p1->p2: message 8 is not recorded"},
		{func(p *Part) { p.Out[1].Messages = nil }, "p1->p2: message 5 is not recorded"},
		{func(p *Part) { p.In[0].Received = 0 }, "p1->p1: message 1 is not recorded"},
		{func(p *Part) { p.In[1].Received = 10 }, "p2->p1: 10 messages arrived of 9 sent"},
	} {
		p, _ := testParts(testID)
		c.change(p)
		if _, err := p.Encode(io.Discard); fmt.Sprint(err) != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestAnErrorOfEncodeBecomesTheStatesError(t *testing.T) {
	_, p := testParts(testID)
	p.State.Encode = func(w io.Writer) error {
		_, _ = io.WriteString(w, "half a st")
		return errors.New("out of ink")
	}
	var b bytes.Buffer
	s, err := p.Encode(&b)
	if err != nil || s.StateError != "out of ink" || s.Part.StateBytes != 9 {
		t.Fatalf("got %v and %+v, want the state's error and 9 bytes", err, s)
	}
	m, _, _ := testSnapshot(t, testID)
	m.Processes[1].Part = s.Part
	got, err := ReadPart(&b, m, "p2")
	if err != nil || got.State.Error != "out of ink" || got.State.Bytes != nil {
		t.Errorf("got %v and %+v, want a state with the error only", err, got)
	}
}

func TestAStateOfSeveralPiecesComesBack(t *testing.T) {
	m, _, _ := testSnapshot(t, testID)
	for _, size := range []int{pieceMax - 1, pieceMax, pieceMax + 1, 2 * pieceMax, 2*pieceMax + 5} {
		state := make([]byte, size)
		for i := range state {
			state[i] = byte(i + i/pieceMax)
		}
		p, _ := testParts(testID)
		p.State.Bytes = state
		var b bytes.Buffer
		s, err := p.Encode(&b)
		if err != nil || s.Part.SHA256 != Hash(b.Bytes()) || s.Part.Bytes != uint64(b.Len()) {
			t.Fatalf("%d bytes: got %v, sha256 %s of %d bytes, want %s of %d", size, err, s.Part.SHA256, s.Part.Bytes, Hash(b.Bytes()), b.Len())
		}
		m.Processes[0].Part = s.Part
		if got, err := ReadPart(bytes.NewReader(b.Bytes()), m, "p1"); err != nil || !bytes.Equal(got.State.Bytes, state) {
			t.Errorf("%d bytes: got %v, or another state, want the state that was saved", size, err)
		}
		for _, at := range []int{0, pieceMax - 2, min(pieceMax, size), size} {
			if _, err := ReadPart(bytes.NewReader(b.Bytes()[:at]), m, "p1"); !isCorrupt(err) {
				t.Errorf("%d bytes, of which %d are left: got %v, want a CorruptError", size, at, err)
			}
			changed := bytes.Clone(b.Bytes())
			changed[at]++
			if _, err := ReadPart(bytes.NewReader(changed), m, "p1"); !isCorrupt(err) {
				t.Errorf("%d bytes, of which byte %d is changed: got %v, want a CorruptError", size, at, err)
			}
		}
	}
}
