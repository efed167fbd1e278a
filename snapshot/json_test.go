package snapshot

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// jsonGlobals returns the snapshots whose exact JSON is in testdata/*.json, pretty and
// compact.
func jsonGlobals() map[string]*Global {
	started := time.Date(2026, 11, 22, 8, 35, 25, 123456789, time.FixedZone("", 3600))
	complete := &Global{
		ID: "20261122T073525123456Z-k3m9x2q7ab", Cluster: "bank", Epoch: 1, Initiators: ids("p1 p3"), StartedAt: started,
		Elapsed: 3210 * time.Microsecond,
		Processes: []ProcessState{
			{ID: "p1", State: State{Bytes: []byte(`{"n": 9007199254740993, "big": 1e400, "html": "<&>"}`)}, Incarnation: "i1",
				RecordedAfter: 40 * time.Microsecond, CompletedAfter: 2900 * time.Microsecond, Completed: true,
				Times: &Times{FirstMarker: Never, Held: 0, Settled: Never, Asked: 10 * time.Microsecond, Encoded: 1250 * time.Microsecond, Sent: time.Second}},
			{ID: "p2", State: State{Bytes: []byte("not JSON"), About: &About{Settled: "acknowledged+idle", Printed: 2, Unanswered: 0}, Idle: IdleYes, Open: []OpenRequest{}}, Incarnation: "i2", CompletedAfter: time.Second, Completed: true},
			{ID: "p3", State: State{Bytes: []byte(`old`), Error: `cannot: "<&>"`, About: &About{Settled: "none", Unanswered: 1 << 63},
				Idle: IdleNo, Open: []OpenRequest{{"p1", "5", 12300 * time.Microsecond}, {"c12", `"a\"7"`, time.Millisecond}, {"p2", "", time.Millisecond}}, OpenTotal: 1 << 63}, Incarnation: "i3", Completed: true},
		},
		Channels: []ChannelState{
			{Channel: Channel{"p1", "p2"}, SeenByReceiver: "i1", SeenBySender: "i2", Sent: 123, SentKnown: true, Received: 117, ReceivedKnown: true, Known: true,
				MarkerAfter: 98 * time.Millisecond, MarkerKnown: true, Messages: []Batch{
					batch(118, "{\"amount\": 9007199254740993}", "1e400", "\xff\xfe"),
					batch(121, "{\n  \"a\": [\r\n 1]\n}", `"<&>"`, " 7\n"),
				}},
			{Channel: Channel{"p2", "p1"}, SeenByReceiver: "i2", SeenBySender: "i1", SentKnown: true, ReceivedKnown: true, Known: true,
				Resets: []Reset{{"p2", "i2", 12, true}, {"p1", "i1", 0, false}}},
		},
	}
	partial := &Global{
		ID: "S", Cluster: "bank", Epoch: 7, Initiators: ids("p1"), StartedAt: started.Truncate(time.Second), Elapsed: 10 * time.Second,
		Processes: []ProcessState{
			{ID: "p1", State: State{Bytes: []byte("null")}, Incarnation: "i1", RecordedAfter: time.Millisecond},
		},
		Channels: []ChannelState{
			{Channel: Channel{"p1", "p2"}, Sent: 3, SentKnown: true},
			{Channel: Channel{"p2", "p1"}, SeenByReceiver: "i2", Received: 2, ReceivedKnown: true},
			{Channel: Channel{"p2", "p3"}},
		},
		Missing: []Missing{
			{Process: "p2", Reason: Unreachable, Detail: `dial: "refused"`},
			{Process: "p3", Reason: PartNotReceived},
			{Channel: Channel{"p2", "p1"}, Reason: MarkerNotCome},
		},
	}
	nothing := &Global{ID: "S", Cluster: "bank", Epoch: 1, Initiators: ids("p1"), StartedAt: started,
		Missing: []Missing{{Process: "p1", Reason: Unreachable}}}
	return map[string]*Global{"complete": complete, "partial": partial, "nothing": nothing}
}

// encoded returns the JSON of a snapshot.
func encoded(g *Global, compact bool) []byte {
	var b bytes.Buffer
	if err := g.WriteJSON(&b, compact); err != nil {
		panic(err) // bytes.Buffer has none
	}
	return b.Bytes()
}

func TestJSONGolden(t *testing.T) {
	for name, g := range jsonGlobals() {
		for file, compact := range map[string]bool{name + ".json": false, name + ".compact.json": true} {
			got := encoded(g, compact)
			if *rewrite {
				if err := os.WriteFile("testdata/"+file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := readGolden(t, file); string(got) != want {
				t.Errorf("%s (-rewrite replaces it):\ngot\n%s\nwant\n%s", file, got, want)
			}
			if !json.Valid(got) {
				t.Errorf("%s: got %s, want JSON", file, got)
			}
		}
	}
}

func TestJSONCompactIsOneLine(t *testing.T) {
	for name, g := range jsonGlobals() {
		got := string(encoded(g, true))
		if !strings.HasPrefix(got, "{") || strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, "}\n") || strings.Contains(got, "\r") {
			t.Errorf("%s: got %q, want the JSON on one line", name, got)
		}
	}
}

// The JSON has the exact bytes of a payload: as they are if the payload is JSON, otherwise
// in base64.
func TestJSONKeepsPayloads(t *testing.T) {
	for _, test := range []struct{ payload, pretty, compact string }{
		{`9007199254740993`, `"payload": 9007199254740993`, `"payload":9007199254740993`},
		{`1e400`, `"payload": 1e400`, `"payload":1e400`},
		{`-0`, `"payload": -0`, `"payload":-0`},
		{`"<&>\u003c\/é` + "\u2028" + `"`, `"payload": "<&>\u003c\/é` + "\u2028" + `"`, `"payload":"<&>\u003c\/é` + "\u2028" + `"`},
		{`{"a":1,"a":2}`, `"payload": {"a":1,"a":2}`, `"payload":{"a":1,"a":2}`},
		{"{\"a\" :\r\n\t1}", "\"payload\": {\"a\" :\r\n\t1}", "\"payload\":{\"a\" :  \t1}"},
		{" 7", `"payload_base64": "IDc="`, `"payload_base64":"IDc="`},
		{"7\r\n", `"payload_base64": "Nw0K"`, `"payload_base64":"Nw0K"`},
		{`null`, `"payload": null`, `"payload":null`},
		{``, `"payload_base64": ""`, `"payload_base64":""`},
		{`{"a":`, `"payload_base64": "eyJhIjo="`, `"payload_base64":"eyJhIjo="`},
		{`1 2`, `"payload_base64": "MSAy"`, `"payload_base64":"MSAy"`},
		{"\"\xff\"", `"payload_base64": "Iv8i"`, `"payload_base64":"Iv8i"`}, // valid for encoding/json
		{"\"a\nb\"", `"payload_base64": "ImEKYiI="`, `"payload_base64":"ImEKYiI="`},
		{"\ufeff1", `"payload_base64": "77u/MQ=="`, `"payload_base64":"77u/MQ=="`},
		{"7\x00", `"payload_base64": "NwA="`, `"payload_base64":"NwA="`},
	} {
		g := &Global{Channels: []ChannelState{{Known: true, Messages: []Batch{batch(1, test.payload)}}}}
		pretty, compact := string(encoded(g, false)), string(encoded(g, true))
		if want := `{"seq": 1, ` + test.pretty + `}`; !strings.Contains(pretty, want) || !json.Valid([]byte(pretty)) {
			t.Errorf("%q: got %s, want it to contain %s", test.payload, pretty, want)
		}
		if want := `{"seq":1,` + test.compact + `}`; !strings.Contains(compact, want) || !json.Valid([]byte(compact)) {
			t.Errorf("%q: got %s, want it to contain %s", test.payload, compact, want)
		}
	}
}

// Strings of chandy itself become valid JSON whatever is in them. A reader that encodes
// them again gets the same bytes, so U+FFFD is not written as an escape.
func TestJSONStringsAreValid(t *testing.T) {
	for _, text := range []string{"\"\\\n\r\t\x00\x1f", "<&>", "\xff\xc0", "\u2028\ufffd", "é"} {
		g := &Global{Cluster: text, Processes: []ProcessState{{ID: "p1", State: State{Error: text}}}, Missing: []Missing{{Process: "p2", Detail: text}}}
		b := encoded(g, true)
		var read struct {
			Cluster string
			Missing []struct{ Detail string }
		}
		want := string([]rune(text))
		if err := json.Unmarshal(b, &read); err != nil || read.Cluster != want || read.Missing[0].Detail != want {
			t.Errorf("%q: got %s (error %v), want the text %q", text, b, err, want)
		}
		if bytes.Contains(b, []byte(`\ufffd`)) {
			t.Errorf("%q: got %s, want no escape of U+FFFD", text, b)
		}
	}
}

func TestJSONOfRandomSnapshotsIsValid(t *testing.T) {
	for seed := range uint64(300) {
		g := randomGlobal(rand.New(rand.NewPCG(seed, 3)))
		for _, compact := range []bool{false, true} {
			if b := encoded(g, compact); !json.Valid(b) {
				t.Fatalf("seed %d: got %s, want JSON", seed, b)
			}
		}
	}
}

// Readers of JSON limit how deep a document may nest. A payload that nests too deep must
// not make the document unreadable.
func TestDeepPayloadsAreBase64(t *testing.T) {
	for depth, want := range map[int]string{payloadDepthMax: "payload", payloadDepthMax + 1: "payload_base64"} {
		payload := strings.Repeat(`[{"]":`, depth/2) + strings.Repeat("[", depth%2) + "1" + strings.Repeat("]", depth%2) + strings.Repeat("}]", depth/2)
		g := &Global{Channels: []ChannelState{{Known: true, Messages: []Batch{batch(1, payload)}}}}
		if got := string(encoded(g, true)); !strings.Contains(got, `"`+want+`":`) || !json.Valid([]byte(got)) {
			t.Errorf("nested %d deep: got %.200s, want the key %s", depth, got, want)
		}
	}
}

// Lengths of time are exact, even if a float64 cannot hold them.
func TestJSONMillisecondsAreExact(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0", 999: "0", time.Microsecond: "0.001", 20 * time.Microsecond: "0.02", 3210 * time.Microsecond: "3.21",
		time.Second: "1000", math.MaxInt64: "9223372036854.775",
	} {
		if got := string(encoded(&Global{Elapsed: d}, true)); !strings.Contains(got, `"elapsed_ms":`+want+`,`) {
			t.Errorf("%d ns: got %s, want %s", d, got, want)
		}
	}
}

// largeStates returns states of more than a piece: JSON, not JSON, and line ends.
func largeStates() map[string]string {
	return map[string]string{
		"JSON":     `[` + strings.Repeat("[\n1,\r\n\"é世\\n\"],\n", payloadPiece/8) + `{}]`,
		"not JSON": strings.Repeat("\xff\x00abc", payloadPiece/2) + "x",
	}
}

// A state that came in chunks has the same JSON as one that did not, wherever the chunks
// are cut, and nothing of it is written in one write with everything else.
func TestJSONOfChunksIsTheSame(t *testing.T) {
	for name, state := range largeStates() {
		for _, compact := range []bool{false, true} {
			whole := &Global{Processes: []ProcessState{{ID: "p1", State: State{Bytes: []byte(state)}}, {ID: "p2", State: State{Bytes: []byte("7")}}}}
			want := encoded(whole, compact)
			if !json.Valid(want) {
				t.Fatalf("%s: got %.100s, want JSON", name, want)
			}
			for _, size := range []int{1001, 65536, payloadPiece + 1} {
				chunked := &Global{Processes: slices.Clone(whole.Processes)}
				chunked.Processes[0].State = State{Chunks: slices.Collect(slices.Chunk([]byte(state), size))}
				var w largestWrite
				if err := chunked.WriteJSON(&w, compact); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(w.b, want) {
					t.Errorf("%s, compact %v, chunks of %d: got %d bytes, want the %d bytes of the state in one", name, compact, size, len(w.b), len(want))
				}
				if w.most > 2*payloadPiece {
					t.Errorf("%s, compact %v, chunks of %d: got a write of %d bytes, want at most %d", name, compact, size, w.most, 2*payloadPiece)
				}
			}
		}
	}
}

// largestWrite keeps what is written, and the length of the largest write.
type largestWrite struct {
	b    []byte
	most int
}

func (w *largestWrite) Write(b []byte) (int, error) {
	w.b, w.most = append(w.b, b...), max(w.most, len(b))
	return len(b), nil
}

// An error of the output ends WriteJSON, even while it checks a state.
func TestWriteJSONEndsWithItsOutput(t *testing.T) {
	g := &Global{Processes: []ProcessState{{ID: "p1", State: State{Bytes: []byte(`"` + strings.Repeat("x", 100*payloadPiece) + `"`)}}}}
	for _, after := range []int{0, 1, 10, 110} {
		w := failing{left: after}
		if err := g.WriteJSON(&w, false); err != errFull || w.calls != after+1 {
			t.Errorf("output that fails after %d writes: got error %v and %d writes, want %v and %d", after, err, w.calls, errFull, after+1)
		}
	}
}

var errFull = errors.New("full")

// failing is a writer that fails after some writes.
type failing struct{ left, calls int }

func (w *failing) Write(b []byte) (int, error) {
	w.calls++
	if w.left == 0 {
		return 0, errFull
	}
	w.left--
	return len(b), nil
}
