package verify

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"chandy/internal/explore"
)

func TestConsistentSnapshotPassesAndTamperedOneFails(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	kinds := map[string]bool{}
	snapshots := 10_000
	if explore.Race {
		snapshots = 500 // the race detector makes them slow
	}
	for i := 0; i < snapshots; {
		m := randomModel(r)
		good := m.bytes()
		what := tamper(r, m)
		if what == "" {
			continue
		}
		i++
		if report, err := Check(bytes.NewReader(good)); err != nil || !report.OK() {
			t.Fatalf("seed %d, snapshot %d: got error %v and report %+v, want neither error nor fault\n%s", seed, i, err, report, good)
		}
		bad := m.bytes()
		if report, err := Check(bytes.NewReader(bad)); err != nil || report.Consistent() || report.OK() {
			t.Fatalf("seed %d, snapshot %d, tampered: %s: got error %v and report %+v, want a fault\n%s", seed, i, what, err, report, bad)
		}
		kinds[what] = true
	}
	if len(kinds) < 100 {
		t.Errorf("seed %d: got %d kinds of tampering, want at least 100", seed, len(kinds))
	}
}

func TestDifferencesOfRunsMatchCountingOneByOne(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range 50_000 {
		base := []uint64{0, math.MaxUint64 - 8}[r.IntN(2)]
		received := base + r.Uint64N(5)
		sent := received + r.Uint64N(4)
		var m messages
		var list []uint64
		for range r.IntN(7) {
			seq := base + 1 + r.Uint64N(8)
			list = append(list, seq)
			m.add(seq)
		}
		right := uint64(len(list)) == sent-received
		for i, seq := range list {
			right = right && seq == received+1+uint64(i)
		}
		c := &checker{}
		c.differences(m.runs, received, sent)
		if right != (len(c.report.Faults) == 0) {
			t.Fatalf("seed %d, list %d: received %d, sent %d, %d: got faults %q, want some: %v", seed, i, received, sent, list, c.report.Faults, !right)
		}
		for _, want := range countedOneByOne(list, received, sent) {
			f := c.report.Faults
			if len(f) == 0 || f[0].Seq != want.named[0] {
				t.Fatalf("seed %d, list %d: received %d, sent %d, %d: got %q, want %+v", seed, i, received, sent, list, f, want)
			}
			c.report.Faults = f[1:]
			again := &checker{}
			again.numbersFault(want, f[0].What[:len("is missing")])
			if tail(again.report.Faults[0].What) != tail(f[0].What) {
				t.Fatalf("seed %d, list %d: received %d, sent %d, %d: got %q, want %+v", seed, i, received, sent, list, f[0], want)
			}
		}
		if len(c.report.Faults) > 0 {
			t.Fatalf("seed %d, list %d: received %d, sent %d, %d: got also %q, want no more faults", seed, i, received, sent, list, c.report.Faults)
		}
	}
}

// tail returns the text of a fault from its second number on.
func tail(what string) string {
	_, after, _ := strings.Cut(what, ", also ")
	return after
}

// countedOneByOne returns the numbers that are missing, outside the cut, doubled and out
// of order, without the sets that are empty. The numbers outside are in the order of the
// list. Runs have the same order: numbers below the cut before the ones above it.
func countedOneByOne(list []uint64, received, sent uint64) []numbers {
	var outside, behind, doubled, absent numbers
	times := map[uint64]int{}
	highest := uint64(0)
	for _, seq := range list {
		times[seq]++
		if seq <= received || seq > sent {
			outside.add(seq, seq)
		}
		if seq < highest {
			behind.add(seq, seq)
		}
		highest = max(highest, seq)
	}
	for seq := received; seq < sent; seq++ {
		if times[seq+1] == 0 {
			absent.add(seq+1, seq+1)
		}
	}
	for seq := uint64(1); seq <= 16; seq++ {
		for _, n := range []uint64{seq, math.MaxUint64 - 16 + seq} {
			if times[n] > 1 {
				doubled.add(n, n)
			}
		}
	}
	var all []numbers
	for _, n := range []numbers{absent, outside, doubled, behind} {
		if n.count > 0 {
			all = append(all, n)
		}
	}
	return all
}

// FuzzCheck checks that Check never panics, and that a snapshot that it accepts satisfies
// the rule when encoding/json reads it and a plain loop checks it.
func FuzzCheck(f *testing.F) {
	for _, name := range []string{"complete.json", "partial.json", "sorted-keys.json"} {
		f.Add([]byte(golden(f, name)))
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 5 {
		f.Add(randomModel(r).bytes())
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		report, err := Check(bytes.NewReader(doc))
		if (err == nil) != (report != nil) {
			t.Fatalf("got report %v and error %v, want exactly one of them", report, err)
		}
		if err != nil || !report.OK() {
			return
		}
		if report.Status != "complete" || !report.Consistent() || len(report.Missing) != 0 || !utf8.Valid(doc) {
			t.Fatalf("got OK for %+v, want it for valid UTF-8, complete and without faults only", report)
		}
		var m model
		if err := json.Unmarshal(doc, &m); err != nil {
			t.Fatalf("got OK, but encoding/json: %v", err)
		}
		messages := 0
		for _, ch := range m.Channels {
			ok := ch.Received <= ch.Sent && uint64(len(ch.Messages)) == ch.Sent-ch.Received &&
				ch.Incarnations == [2]string{m.Processes[ch.From].Incarnation, m.Processes[ch.To].Incarnation}
			for i, message := range ch.Messages {
				ok = ok && message.Seq == ch.Received+1+uint64(i)
			}
			if !ok {
				t.Fatalf("got OK, want a fault in channel %+v", ch)
			}
			messages += len(ch.Messages)
		}
		if len(m.Processes) != report.Processes || len(m.Channels) != report.Channels || messages != report.Messages {
			t.Fatalf("got %+v, want %d processes, %d channels and %d messages", report, len(m.Processes), len(m.Channels), messages)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	m := randomModel(r)
	ch := m.Channels[0]
	ch.Received, ch.Sent, ch.Messages = 0, 100_000, nil
	for seq := range ch.Sent {
		ch.Messages = append(ch.Messages, randomMessage(r, seq+1))
	}
	doc := m.bytes()
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if report, err := Check(bytes.NewReader(doc)); err != nil || !report.OK() {
			b.Fatalf("got error %v and report %+v, want neither error nor fault", err, report)
		}
	}
}
