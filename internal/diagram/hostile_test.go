package diagram

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"chandy/internal/printable"
	"chandy/snapshot"
)

// hostile are texts that must be texts in every picture.
var hostile = []string{
	`</text></svg><script>alert(1)</script>`,
	`"><img src=x onerror=alert(1)>`,
	`&lt;b&gt; &amp; ]]> <!-- -->`,
	"\x00\x01\x1b[31mred\x07",
	"\u202egnp.exe",
	"\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
	"\U0001F600\U0001F468\u200d\U0001F469 ok",
	"a\nb\rc\td",
}

// hostileSample returns a snapshot whose payloads and states have the text.
func hostileSample(text string) sample {
	var quoted strings.Builder
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false) // the markup must be there
	encoder.Encode(text)
	return sample{processes: 3, steps: 60, seed: 7, journal: true, deliver: 25,
		payload: `{"type": ` + quoted.String() + `, "amount": 1}`, state: `{"name": ` + quoted.String() + `}`}
}

// texts returns what the text elements of an SVG file say. Parsing fails if the file is not
// well formed.
func texts(t *testing.T, svg string) (all []string, elements map[string]int) {
	t.Helper()
	elements = map[string]int{}
	in := xml.NewDecoder(strings.NewReader(svg))
	var open []string
	for {
		token, err := in.Token()
		if err == io.EOF {
			return all, elements
		}
		if err != nil {
			t.Fatalf("got %v, want well-formed XML", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			elements[e.Name.Local]++
			open = append(open, e.Name.Local)
			if e.Name.Local == "text" {
				all = append(all, "")
			}
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 && open[len(open)-1] == "text" {
				all[len(all)-1] += string(e)
			}
		}
	}
}

func TestTextsOfAProgramAreTextsInASVG(t *testing.T) {
	known := []string{"svg", "title", "style", "rect", "path", "circle", "g", "text"}
	for _, text := range hostile {
		s := NewStory(read(t, hostileSample(text).document(t)), Options{Faults: []string{"bad: " + text}, Waits: []string{"p01 waits: " + text}})
		p := s.Layout()
		got, elements := texts(t, drawn(t, p))
		if len(got) != len(p.Texts) {
			t.Fatalf("%q: got %d texts, want %d", text, len(got), len(p.Texts))
		}
		label := false
		for i := range got {
			if want := printable.Text(p.Texts[i].Text); got[i] != want {
				t.Errorf("%q: got the text %q, want %q", text, got[i], want)
			}
			label = label || strings.Contains(got[i], short(printable.Text(text+" amount 1"), labelMax-1)[:8])
		}
		if !label {
			t.Errorf("%q: got no label with it: %q", text, got)
		}
		for name := range elements {
			if !strings.Contains(" "+strings.Join(known, " ")+" ", " "+name+" ") {
				t.Errorf("%q: got an element %s", text, name)
			}
		}
	}
}

// The writer does not rely on the layout for that.
func TestEachTextOfAPictureIsATextInAnSVG(t *testing.T) {
	for _, text := range hostile {
		p := &Picture{Width: 100, Height: 100, Name: text, Texts: []Text{{Text: text, Message: -1}},
			Arrows: []Arrow{{Class: InFlight, Title: text}}, Bars: []Bar{{Title: text}}, Cells: []Cell{{Channel: text}}}
		got, _ := texts(t, drawn(t, p))
		if want := printable.Text(text); len(got) != 1 || got[0] != want {
			t.Errorf("got the texts %q, want %q", got, want)
		}
	}
}

func TestTextsOfAProgramAreTextsInAPage(t *testing.T) {
	for _, text := range hostile {
		s := NewStory(read(t, hostileSample(text).document(t)), Options{Faults: []string{"bad: " + text}})
		var b strings.Builder
		if err := HTML(&b, s); err != nil {
			t.Fatal(err)
		}
		page := b.String()
		if n := strings.Count(page, "<script"); n != 2 {
			t.Errorf("%q: got %d scripts, want 2", text, n)
		}
		_, data, _ := strings.Cut(page, `id="data">`)
		data, _, _ = strings.Cut(data, "</script>")
		var got struct {
			Messages []struct{ P []string }
		}
		if err := json.Unmarshal([]byte(data), &got); err != nil {
			t.Fatalf("%q: got %v, want JSON", text, err)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(hostileSample(text).payload)); err != nil {
			t.Fatal(err)
		}
		want, found := printable.Text(compact.String()), false
		for _, m := range got.Messages {
			found = found || len(m.P) > 0 && m.P[0] == want
		}
		if !found {
			t.Errorf("%q: got no message with the payload %q in %.2000s", text, want, data)
		}
		for _, part := range strings.SplitAfter(page, "<svg ")[1:] {
			part, _, _ = strings.Cut(part, "</svg>")
			texts(t, "<svg "+part+"</svg>")
		}
	}
}

// Two messages that each are received before the other one is sent cannot be.
func TestJournalsThatContradictEachOtherAreDrawn(t *testing.T) {
	d := read(t, sample{processes: 2, steps: 10, seed: 1}.document(t))
	d.Journals = map[snapshot.ProcessID]*Journal{}
	for own, peer := range map[snapshot.ProcessID]snapshot.ProcessID{"p01": "p02", "p02": "p01"} {
		d.Journals[own] = &Journal{Events: []Entry{{Kind: Recorded}, {Kind: Received, Peer: peer, Seq: 1000}, {Kind: Sent, Peer: peer, Seq: 1000}}}
	}
	s := NewStory(d, Options{})
	s.Layout()
	if s.Loops != 1 {
		t.Errorf("got %d messages in a circle, want 1", s.Loops)
	}
}
