package snapshot

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// journalGlobal returns a snapshot with the journal of one of its processes.
func journalGlobal() *Global {
	g := jsonGlobals()["complete"]
	g.Journals = []Journal{{Process: "p2", RecordedAt: time.Date(2026, 11, 29, 15, 0, 0, 123456789, time.UTC), Omitted: 1203, Events: []Event{
		{Kind: EventReceived, At: -12103 * time.Microsecond, Peer: "p3", Seq: 7, Bytes: 38, Type: "transfer"},
		{Kind: EventSent, At: -500 * time.Microsecond, Peer: "p3", Seq: 119, Bytes: 36, Type: `a"\\`},
		{Kind: EventMarkerReceived, Peer: "p1", Seq: 17},
		{Kind: EventRecorded},
		{Kind: EventMarkerSent, Peer: "p3"},
		{Kind: EventReceived, At: 4200 * time.Microsecond, Peer: "p1", Seq: 18, Bytes: 10},
	}}}
	return g
}

const journalText = `
  "missing": [],
  "journal": {
    "p2": {
      "recorded_at": "2026-11-29T15:00:00.123456789Z",
      "events": [
        {"kind": "received", "at_ms": -12.103, "peer": "p3", "seq": 7, "bytes": 38, "type": "transfer"},
        {"kind": "sent", "at_ms": -0.5, "peer": "p3", "seq": 119, "bytes": 36, "type": "a\"\\\\"},
        {"kind": "marker_received", "at_ms": 0, "peer": "p1", "seq": 17},
        {"kind": "recorded", "at_ms": 0},
        {"kind": "marker_sent", "at_ms": 0, "peer": "p3", "seq": 0},
        {"kind": "received", "at_ms": 4.2, "peer": "p1", "seq": 18, "bytes": 10, "type": ""}
      ],
      "omitted": 1203
    }
  }
}
`

func TestJournalInJSON(t *testing.T) {
	g := journalGlobal()
	text := string(encoded(g, false))
	if !strings.HasSuffix(text, journalText) {
		t.Errorf("got\n%s\nwant at the end\n%s", text, journalText)
	}
	for _, compact := range []bool{false, true} {
		got, err := Decode(encoded(g, compact))
		if err != nil || !reflect.DeepEqual(got.Journals, g.Journals) {
			t.Errorf("compact %v: got %+v, %v, want %+v", compact, got, err, g.Journals)
		}
	}
	g.Journals = []Journal{}
	if got, err := Decode(encoded(g, false)); err != nil || got.Journals == nil || len(got.Journals) != 0 {
		t.Errorf("without any: got %+v, %v, want an empty list", got, err)
	}
	g.Journals = nil
	if got := string(encoded(g, false)); strings.Contains(got, "journal") || got != readGolden(t, "complete.json") {
		t.Errorf("not asked for: got %s, want the document as it was", got)
	}
}

func TestDecodeNamesTheFaultOfAJournal(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`"omitted": 1203`, `"omitted": -1`, `journal["p2"].omitted: is -1, not a whole number from 0 to 18446744073709551615`},
		{`"recorded_at": "2026-11-29T15:00:00.123456789Z",`, ``, `journal["p2"]: has no "recorded_at"`},
		{`"kind": "recorded"`, `"kind": "record"`, `journal["p2"].events[3].kind: is "record", not one of sent, received, recorded, marker_sent, marker_received`},
		{`"kind": "recorded"`, `"kind": "marker_sent", "peer": "p1"`, `journal["p2"]: there are 0 recordings, not 1`},
		{`"peer": "p1", "seq": 17`, `"seq": 17`, `journal["p2"]: event 2 has no peer`},
		{`"peer": "p3", "seq": 119`, `"peer": "p3", "seq": 0`, `journal["p2"]: event 1 has no number`},
		{`"at_ms": -12.103`, `"at_ms": "x"`, `journal["p2"].events[0].at_ms: is a string, not a number`},
		{`"type": "transfer"`, `"type": "\u001b"`, `journal["p2"]: event 0: the type "\x1b" is not printable ASCII`},
		{"\"journal\": {\n    \"p2\"", "\"journal\": {\n    \"p7\"", `journal["p7"]: is of a process that is not in processes`},
	} {
		_, err := Decode([]byte(strings.Replace(string(encoded(journalGlobal(), false)), c.old, c.new, 1)))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s in place of %s:\ngot  %v\nwant %s", c.new, c.old, err, c.want)
		}
	}
}

// A journal is taken once, and only with channels that the process has. A snapshot that
// does not ask for journals has none.
func TestCollectorTakesJournals(t *testing.T) {
	topology, pieces := line2()
	first := firstIncarnation("p1")
	journal := func(kind EventKind, peer ProcessID) Journal {
		return Journal{Process: "p1", Incarnation: first, Events: []Event{{Kind: kind, Peer: peer, Seq: 1}, {Kind: EventRecorded}}}
	}
	for _, c := range []struct {
		asked bool
		piece Journal
		want  string
	}{
		{true, journal(EventSent, "p2"), ""},
		{false, journal(EventSent, "p2"), ""},
		{true, journal(EventReceived, "p2"), `journal of p1: received with "p2", to or from which it has no channel`},
		{true, journal(EventMarkerSent, "p1"), `journal of p1: marker_sent with "p1", to or from which it has no channel`},
	} {
		collector := NewCollector(Plan{ID: "S", Cluster: "test", Epoch: 1, Topology: topology, Initiators: ids("p1"), Wants: Wants{Journal: c.asked}})
		got := ""
		for _, p := range slices.Concat(pieces[:1], []Piece{c.piece, c.piece}, pieces[1:]) {
			if err := collector.Add(0, p); err != nil {
				got = err.Error()
			}
		}
		g := collector.Assemble(0, nil)
		if got != c.want || !g.Complete() || (g.Journals != nil) != c.asked || c.asked && c.want == "" != (len(g.Journals) == 1) {
			t.Errorf("asked %v: got error %q and the journals %v, want %q", c.asked, got, g.Journals, c.want)
		}
	}
}
