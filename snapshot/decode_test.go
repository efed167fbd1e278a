package snapshot

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/internal/explore"
)

// TestDecodeInvertsWriteJSON encodes, decodes and encodes again. A compact document has
// lost line ends of payloads, so only the Global of a pretty one is compared.
func TestDecodeInvertsWriteJSON(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	kinds := map[string]int{}
	for range 2000 {
		g := wildGlobal(random)
		for _, c := range g.Channels {
			for _, m := range c.Messages {
				kinds["messages"] += m.Count
			}
		}
		kinds[g.Status()]++
		document := encoded(g, false)
		got, err := Decode(document)
		if err != nil {
			t.Fatalf("seed %d: got error %v\n%s", seed, err, document)
		}
		if !reflect.DeepEqual(got, g) {
			t.Fatalf("seed %d: got\n%#v\nwant\n%#v\n%s", seed, got, g, document)
		}
		checkSame(t, seed, document, false)
		checkSame(t, seed, encoded(g, true), true)
	}
	t.Logf("%v", kinds)
	if kinds["complete"] < 200 || kinds["partial"] < 200 || kinds["messages"] < 2000 {
		t.Errorf("seed %d: got %v, want at least 200 complete, 200 partial and 2000 messages", seed, kinds)
	}
}

// TestDecodeReadsSnapshotsOfRuns decodes snapshots that the algorithm has taken.
func TestDecodeReadsSnapshotsOfRuns(t *testing.T) {
	for seed := range uint64(300) {
		g := randomGlobal(rand.New(rand.NewPCG(seed, 5)))
		for _, compact := range []bool{false, true} {
			checkSame(t, seed, encoded(g, compact), compact)
		}
	}
}

// checkSame checks that a document has the same bytes when it is decoded and encoded
// again.
func checkSame(t *testing.T, seed uint64, document []byte, compact bool) {
	t.Helper()
	g, err := Decode(document)
	if err != nil {
		t.Fatalf("seed %d: got error %v\n%s", seed, err, document)
	}
	if got := encoded(g, compact); !bytes.Equal(got, document) {
		t.Fatalf("seed %d: got\n%s\nwant\n%s", seed, got, document)
	}
}

// wildGlobal returns a random snapshot with everything that the format can hold, in the
// form in which Decode returns it. Its cut is seldom consistent.
func wildGlobal(random *rand.Rand) *Global {
	some := func() bool { return random.IntN(2) == 0 }
	number := func() uint64 { return random.Uint64() >> random.IntN(64) }
	length := func() time.Duration {
		return time.Duration(number() >> 1).Truncate(time.Microsecond)
	}
	incarnation := func() Incarnation { return Incarnation(fmt.Sprintf("20261122T073519583261Z-%d", random.IntN(3))) }
	text := func() string {
		return []string{"", "x", `"\/`, "é\u2028\U0001F600\x00\n", "\ufffd", "<&>"}[random.IntN(6)]
	}
	all := ids("a b-1 c.2 p10 p9")[:1+random.IntN(5)]
	g := &Global{
		ID: ID("S" + text()), Cluster: "C" + text(), Epoch: number() | 1, Initiators: all[:1+random.IntN(len(all))],
		StartedAt: time.Unix(random.Int64N(253402300800), random.Int64N(1e9)).UTC(), Elapsed: length(),
	}
	partial := some()
	for _, id := range all {
		if partial && (id == all[0] || random.IntN(3) == 0) {
			g.Missing = append(g.Missing, Missing{Process: id, Reason: Reason("R" + text()), Detail: text()})
			if some() {
				continue
			}
		}
		p := ProcessState{ID: id, Incarnation: incarnation(), RecordedAfter: length(), Completed: some()}
		if p.Completed {
			p.CompletedAfter = length()
		}
		if random.IntN(4) == 0 {
			p.State.Error = "E" + text()
		} else {
			p.State.Bytes = wildPayload(random)
		}
		if some() {
			p.State.About = &About{Settled: []string{"acknowledged+idle", "none"}[random.IntN(2)], Printed: number(), Unanswered: number()}
		}
		p.State.Idle = Idle(random.IntN(3))
		if some() {
			p.State.Open, p.State.OpenTotal = wildOpen(random), 3+number()>>1
		}
		if some() {
			times := NoTimes()
			for _, at := range times.Stages() {
				if some() {
					*at = length()
				}
			}
			p.Times = &times
		}
		g.Processes = append(g.Processes, p)
	}
	for _, from := range all {
		for _, to := range all {
			if some() {
				continue
			}
			c := ChannelState{Channel: Channel{from, to}, SentKnown: some(), ReceivedKnown: some(), Known: some()}
			if c.SentKnown {
				c.Sent, c.SeenBySender = number(), incarnation()
			}
			if c.ReceivedKnown {
				c.Received, c.SeenByReceiver = number(), incarnation()
			}
			if c.MarkerKnown = some(); c.MarkerKnown {
				c.MarkerAfter = length()
			}
			for range random.IntN(3) {
				c.Resets = append(c.Resets, Reset{[]ProcessID{from, to}[random.IntN(2)], incarnation(), number(), some()})
			}
			if c.Known {
				c.Messages = wildMessages(random, number()|1)
			} else if partial && some() {
				g.Missing = append(g.Missing, Missing{Channel: c.Channel, Reason: MarkerNotCome, Detail: text()})
			}
			g.Channels = append(g.Channels, c)
		}
	}
	return g
}

// wildOpen returns up to three open requests, oldest first.
func wildOpen(random *rand.Rand) []OpenRequest {
	all := make([]OpenRequest, 0, 3)
	since := time.Duration(random.Int64()).Truncate(time.Microsecond)
	for range random.IntN(4) {
		from := []ProcessID{"a", "zz", "c7"}[random.IntN(3)]
		id := []string{"", "1", "-1.5e3", "9007199254740993", `""`, `"é\n"`}[random.IntN(6)]
		all = append(all, OpenRequest{from, id, since})
		since = (since / time.Duration(1+random.IntN(2))).Truncate(time.Microsecond)
	}
	return all
}

// wildMessages returns up to two batches with a gap between them.
func wildMessages(random *rand.Rand, first uint64) (all []Batch) {
	for range random.IntN(3) {
		b := Batch{First: first}
		for range 1 + random.IntN(4) {
			if b.Append(wildPayload(random)); b.Last() == math.MaxUint64 {
				return append(all, b)
			}
		}
		all = append(all, b)
		if first = b.Last() + 2; first < b.Last() {
			return all
		}
	}
	return all
}

// wildPayload returns a random payload. Like Decode it returns nil for an empty one.
func wildPayload(random *rand.Rand) []byte {
	if random.IntN(4) == 0 {
		return []byte([]string{"7 ", "\n{}", "\t\"a\"\r\n", "{\r\n\"a\" : [ 1e400,\t-0 ]}", `"\u00e9\/\ud800"`, "null", "\xff", `{"a":1,"a":2}`}[random.IntN(8)])
	}
	if b := randomPayload(random); len(b) > 0 {
		return b
	}
	return nil
}

func readGolden(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestDecodeReadsGoldenFiles(t *testing.T) {
	for name := range jsonGlobals() {
		checkSame(t, 0, []byte(readGolden(t, name+".json")), false)
		checkSame(t, 0, []byte(readGolden(t, name+".compact.json")), true)
	}
}

// TestDecodeReadsKeysInAnyOrder reverses the order of all keys of the document.
func TestDecodeReadsKeysInAnyOrder(t *testing.T) {
	document := readGolden(t, "complete.json")
	reversed := reverse(&jsonReader{b: []byte(document)}, 3)
	g, err := Decode([]byte(reversed))
	if err != nil {
		t.Fatalf("got error %v\n%s", err, reversed)
	}
	if got := string(encoded(g, false)); got != document {
		t.Errorf("got\n%s\nwant\n%s", got, document)
	}
}

// reverse reads a value. It reverses the members of the objects in it, down to depth.
func reverse(r *jsonReader, depth int) string {
	if depth == 0 || r.b[r.i] != '{' {
		return string(r.raw())
	}
	var parts []string
	r.members(func(name []byte) error { //nolint:errcheck // always nil here
		key := string(name)
		value := depth - 1
		if key == "state" {
			value = 0
		}
		parts = append(parts, fmt.Sprintf("%q:%s", key, reverse(r, value)))
		return nil
	})
	slices.Reverse(parts)
	return "{" + strings.Join(parts, ",") + "}"
}

// TestDecodeSkipsUnknownKeys adds unknown keys to every object of the format.
func TestDecodeSkipsUnknownKeys(t *testing.T) {
	document := readGolden(t, "complete.json")
	for _, before := range []string{`"format"`, `"state"`, `"state_base64"`, `"from"`, `"seq"`, `"process"`} {
		extra := strings.ReplaceAll(document, before, `"new": [{"seq": "}]"}, "\"", [1, [true], null]], "NEW": {}, "new": -1.5e-7, `+before)
		g, err := Decode([]byte(extra))
		if err != nil {
			t.Errorf("before %s: got error %v", before, err)
		} else if got := string(encoded(g, false)); got != document {
			t.Errorf("before %s: got\n%s\nwant\n%s", before, got, document)
		}
	}
}

// TestDecodeRefusesEveryPrefix cuts the document off at every byte.
func TestDecodeRefusesEveryPrefix(t *testing.T) {
	document := strings.TrimSpace(readGolden(t, "partial.json"))
	for n := range len(document) {
		if _, err := Decode([]byte(document[:n])); err == nil || !strings.HasPrefix(err.Error(), "snapshot is not JSON: byte ") {
			t.Errorf("the first %d bytes: got error %v, want one that names a byte", n, err)
		}
	}
}

// TestDecodeMemoryIsBoundByItsInput decodes documents that are full of one thing. The
// race detector lets sync.Pool drop items at random, so that package regexp allocates its
// working memory again for each id: the count means nothing there.
func TestDecodeMemoryIsBoundByItsInput(t *testing.T) {
	if explore.Race {
		t.Skip("allocations differ under the race detector")
	}
	const size, multiple = 1 << 20, 40 // most is for json.Unmarshal, for each string with an escape
	const messages = `"channels":[{"from":"p1","to":"p1","incarnations":["a","b"],"sent":1,"received":1,"messages":[`
	document := strings.TrimSpace(readGolden(t, "nothing.compact.json"))
	for name, plant := range map[string]struct{ begin, element, end string }{
		"initiators":    {`"initiators":[`, `"p1"`, `,`},
		"missing":       {`"missing":[`, `{"channel":"a->b","reason":"r","detail":""}`, `,`},
		"channels":      {`"channels":[`, `{"from":"p1","to":"p1","incarnations":["a","b"],"sent":1,"received":1,"messages":[]}`, ``},
		"messages":      {messages, `{"seq":2,"payload":1}`, `]}`},
		"a row":         {messages, `{"seq":SEQ,"payload":1}`, `]}`},
		"base64":        {messages, `{"seq":2,"payload_base64":"` + strings.Repeat("A", 4000) + `"}`, `]}`},
		"resets":        {messages + `],"reset":[`, `{"process":"p1","incarnation":"i","discarded":0,"unknown":true}`, `]}`},
		"processes":     {`"processes":{`, `"p1":{"state":1,"incarnation":"a","recorded_after_ms":0,"completed_after_ms":0}`, ``},
		"escapes":       {`{`, `"\u0061":1`, `,`},
		"empty objects": {`{`, `"new":{}`, `,`},
		"open brackets": {`{`, `"new":` + strings.Repeat("[", 9990) + strings.Repeat("]", 9990), `,`},
	} {
		t.Run(name, func(t *testing.T) {
			var planted []string
			for i := range size / len(plant.element) {
				planted = append(planted, strings.Replace(plant.element, "SEQ", fmt.Sprint(i+1), 1))
			}
			at := plant.begin[:strings.IndexAny(plant.begin, "[{")+1]
			text := []byte(strings.Replace(document, at, plant.begin+strings.Join(planted, ",")+plant.end, 1))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Decode(text)
			runtime.ReadMemStats(&after)
			got := float64(after.TotalAlloc-before.TotalAlloc) / float64(len(text))
			t.Logf("%.1f bytes allocated for each byte of input; %v", got, err)
			if got > multiple {
				t.Errorf("got %.1f bytes allocated for each byte of input, want at most %d", got, multiple)
			}
			if err != nil && strings.Contains(err.Error(), "not JSON") {
				t.Errorf("got error %v, want JSON", err)
			}
		})
	}
}

// FuzzDecode checks that what can be decoded can be encoded and decoded again, to the
// same Global.
func FuzzDecode(f *testing.F) {
	for name := range jsonGlobals() {
		f.Add([]byte(readGolden(f, name+".json")))
		f.Add([]byte(readGolden(f, name+".compact.json")))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		g, err := Decode(document)
		if err != nil {
			if n := len(err.Error()); n > 500 {
				t.Errorf("got an error of %d bytes, want at most 500: %v", n, err)
			}
			return
		}
		text := encoded(g, false)
		again, err := Decode(text)
		if err != nil {
			t.Fatalf("%q: decoded again: got error %v\n%s", document, err, text)
		}
		if !reflect.DeepEqual(g, again) {
			t.Errorf("got\n%#v\nwant\n%#v\n%s", again, g, text)
		}
		checkSame(t, 0, encoded(g, true), true)
	})
}
