package diagram

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// A document may be wrong in any way: a picture of it is bounded, and each writer ends.
func TestDamagedDocumentsAreDrawnInABoundedPicture(t *testing.T) {
	drawings := 0
	for seed := range *seeds * 3 {
		random := rand.New(rand.NewPCG(seed, 1))
		s := mixed(seed % 30)
		s.processes, s.steps, s.journal = 2+int(seed%5), 60, true
		decoder := json.NewDecoder(bytes.NewReader(s.document(t)))
		decoder.UseNumber()
		var doc map[string]any
		if err := decoder.Decode(&doc); err != nil {
			t.Fatal(err)
		}
		for range 1 + random.IntN(8) {
			part := []string{"processes", "channels", "journal", "journal"}[random.IntN(4)]
			doc[part] = damage(random, doc[part])
		}
		text, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		d, err := Read(text)
		if err != nil {
			continue
		}
		drawings++
		start := time.Now()
		story := NewStory(d, Options{})
		for name, p := range map[string]*Picture{"logical": story.Layout(), "as it happened": story.LayoutReal()} {
			if p == nil {
				continue
			}
			for _, fault := range boundsFaults(p) {
				t.Errorf("seed %d, %s: got %s", seed, name, fault)
			}
			if svg := drawn(t, p); strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") || len(svg) > 2_000_000 {
				t.Errorf("seed %d, %s: got a picture of %d bytes, or one with a number that is none", seed, name, len(svg))
			}
		}
		for _, write := range []func(*strings.Builder) error{
			func(b *strings.Builder) error { return HTML(b, NewStory(d, Options{})) },
			func(b *strings.Builder) error { return Terminal(b, NewStory(d, Options{LanesMax: terminalLanes})) },
			func(b *strings.Builder) error { return ShiViz(b, story) },
			func(b *strings.Builder) error { return Perfetto(b, story) },
			func(b *strings.Builder) error { return DotSnapshot(b, d) },
		} {
			written(t, write)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("seed %d: got the pictures after %v", seed, took)
		}
		if t.Failed() {
			return
		}
	}
	if drawings < int(*seeds)/2 {
		t.Errorf("got %d documents that could be read, want more", drawings)
	}
}

// damage changes one value of a document, mostly a number.
func damage(random *rand.Rand, v any) any {
	switch v := v.(type) {
	case map[string]any:
		keys := slices.Sorted(maps.Keys(v))
		if len(keys) > 0 {
			key := keys[random.IntN(len(keys))]
			v[key] = damage(random, v[key])
		}
	case []any:
		if len(v) == 0 {
			return v
		}
		switch i := random.IntN(len(v)); random.IntN(6) {
		case 0:
			return append(v[:i:i], v[i+1:]...) // removed
		case 1:
			return append(v, v[i]) // doubled
		default:
			v[i] = damage(random, v[i])
		}
	case json.Number:
		numbers := []string{"0", "1", "2", "7", "1000000", "9223372036854775807", "18446744073709551615", "-1", "-1e300", "1e300", "1e-300"}
		return json.Number(numbers[random.IntN(len(numbers))])
	case string:
		words := []string{"", "p01", "p02", "sent", "received", "recorded", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", strings.Repeat("w", 3000)}
		return words[random.IntN(len(words))]
	case bool:
		return !v
	}
	return v
}
