package bundled

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"chandy/internal/clustertest"
	"chandy/program"
)

// Operations at random, compared with a plain list of decoded values.
func TestKVModel(t *testing.T) {
	random := clustertest.Rand(t)
	type pair struct{ key, value any }
	var model []pair
	find := func(key any) *pair {
		for i := range model {
			if reflect.DeepEqual(model[i].key, key) {
				return &model[i]
			}
		}
		return nil
	}
	p := newFakeService()
	made := startService(t, p, `kind = "lin-kv"`)
	counts := map[string]int{}
	for n := range 5000 {
		if n%500 == 250 { // another instance continues from the state
			state := capture(t, made)
			made = serviceProgram(t, `kind = "lin-kv"`)
			if err := restore(made, []byte(state)); err != nil {
				t.Fatal(err)
			}
			made.Start(p)
			if again := capture(t, made); again != state {
				t.Fatalf("restored:\n got  %s\n want %s", again, state)
			}
		}
		key, from, to := randomJSON(random, 2), randomJSON(random, 1), randomJSON(random, 1)
		create := random.IntN(2) == 0
		known := find(plain(t, key))
		var text, want string
		switch random.IntN(3) {
		case 0:
			text, want = fmt.Sprintf(`{"type":"read","key":%s}`, key), `{"type":"error","code":20,`
			if known != nil {
				want = `{"type":"read_ok",`
			}
		case 1:
			text, want = fmt.Sprintf(`{"type":"write","key":%s,"value":%s}`, key, to), `{"type":"write_ok"}`
			if known == nil {
				model = append(model, pair{plain(t, key), plain(t, to)})
			} else {
				known.value = plain(t, to)
			}
		case 2:
			text = fmt.Sprintf(`{"type":"cas","key":%s,"from":%s,"to":%s,"create_if_not_exists":%v}`, key, from, to, create)
			switch {
			case known == nil && !create:
				want = `{"type":"error","code":20,`
			case known == nil:
				want = `{"type":"cas_ok"}`
				model = append(model, pair{plain(t, key), plain(t, to)})
			case reflect.DeepEqual(known.value, plain(t, from)):
				want = `{"type":"cas_ok"}`
				known.value = plain(t, to)
			default:
				want = `{"type":"error","code":22,`
			}
		}
		counts[want]++
		got := request(t, made, p, text)
		var reply struct{ Value json.RawMessage }
		if err := json.Unmarshal([]byte(got), &reply); err != nil || !strings.HasPrefix(got, want) {
			t.Fatalf("%d: %s\n got  %s, %v\n want %s", n, text, got, err, want)
		}
		if reply.Value != nil && !reflect.DeepEqual(plain(t, string(reply.Value)), known.value) {
			t.Fatalf("%d: %s\n got  %s\n want %v", n, text, got, known.value)
		}
	}
	if len(counts) != 5 {
		t.Errorf("got replies %v, want all 5 kinds", counts)
	}
}

// randomJSON returns one of a few values, in one of many texts.
func randomJSON(random *rand.Rand, depth int) string {
	space := []string{"", "", " ", "\n\t"}[random.IntN(4)]
	kinds := 5
	if depth > 0 {
		kinds = 7
	}
	switch random.IntN(kinds) {
	case 0:
		return space + []string{"0", "1", "1.0", "9007199254740993", "9007199254740992"}[random.IntN(5)]
	case 1, 2:
		return space + []string{`"a"`, `"\u0061"`, `"/"`, `"\/"`, `"\n"`, `"\u000A"`}[random.IntN(6)]
	case 3:
		return "null" + space
	case 4:
		return space + []string{"true", "false"}[random.IntN(2)]
	case 5:
		return "[" + randomJSON(random, depth-1) + "," + space + randomJSON(random, depth-1) + "]"
	}
	a, b := randomJSON(random, depth-1), randomJSON(random, depth-1)
	if random.IntN(2) == 0 {
		return fmt.Sprintf(`{"x":%s,"y":%s%s}`, a, space, b)
	}
	return fmt.Sprintf(`{"y" :%s,"\u0078":%s%s}`, b, space, a)
}

// plain returns a decoded value.
func plain(t *testing.T, text string) (v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return v
}

// A state is the one at the capture, although it is encoded later. A service keeps no slice of
// a payload, whose memory is reused.
func TestKVCaptureIsACopy(t *testing.T) {
	p := newFakeService()
	made := startService(t, p, `kind = "lin-kv"`)
	payload := []byte(`{"type":"write","key":"key","value":"value"}`)
	made.Receive("c1", payload)
	for i := range payload {
		payload[i] = 'x'
	}
	p.take("c1")
	var taken program.State
	made.Capture(func(s program.State) { taken = s })
	request(t, made, p, `{"type":"write","key":"key","value":"other"}`)
	request(t, made, p, `{"type":"write","key":"a","value":1}`)
	if got, want := string(taken.Resolve().Bytes), `{"entries":[{"key":"key","value":"value"}]}`; got != want {
		t.Errorf("captured: got %s, want %s", got, want)
	}
	if got, want := capture(t, made), `{"entries":[{"key":"a","value":1},{"key":"key","value":"other"}]}`; got != want {
		t.Errorf("state: got %s, want %s", got, want)
	}
}

// At the limit a service accepts only requests that take no more memory. A refused request
// changes nothing.
func TestKVDataLimit(t *testing.T) {
	p := newFakeService()
	made := startService(t, p, "kind = \"lin-kv\"\ndata_limit = \"1KiB\"")
	long := strings.Repeat("x", 600)
	full := `{"type":"error","code":11,"text":"all keys and values would take %d bytes, more than 1024 (data_limit)"}`
	exchanges(t, made, p, []exchange{
		{`{"type":"write","key":1,"value":"` + long + `"}`, `{"type":"write_ok"}`}, // 128+1+602
		{`{"type":"write","key":2,"value":"` + long + `"}`, fmt.Sprintf(full, 2*731)},
		{`{"type":"read","key":2}`, `{"type":"error","code":20,"text":"there is no key 2"}`},
		{`{"type":"write","key":2,"value":"` + long[:162] + `"}`, `{"type":"write_ok"}`}, // 128+1+164: now it is full
		{`{"type":"cas","key":3,"from":0,"to":0,"create_if_not_exists":true}`, fmt.Sprintf(full, 1024+130)},
		{`{"type":"write","key":2,"value":"` + long[:163] + `"}`, fmt.Sprintf(full, 1025)},
		{`{"type":"cas","key":2,"from":"` + long[:162] + `","to":"` + long[:163] + `"}`, fmt.Sprintf(full, 1025)},
		{`{"type":"cas","key":2,"from":"` + long[:162] + `","to":"` + long[:161] + `y"}`, `{"type":"cas_ok"}`},
		{`{"type":"write","key":1,"value":0}`, `{"type":"write_ok"}`},
		{`{"type":"write","key":3,"value":0}`, `{"type":"write_ok"}`},
	})

	// A restored state may be larger than the limit.
	state := `{"entries":[{"key":1,"value":"` + long + `"},{"key":2,"value":"` + long + `"}]}`
	made = serviceProgram(t, "kind = \"lin-kv\"\ndata_limit = \"1KiB\"")
	if err := restore(made, []byte(state)); err != nil {
		t.Fatal(err)
	}
	made.Start(p)
	exchanges(t, made, p, []exchange{
		{`{"type":"write","key":2,"value":"` + long + `x"}`, fmt.Sprintf(full, 2*731+1)},
		{`{"type":"write","key":2,"value":"` + long[1:] + `"}`, `{"type":"write_ok"}`},
	})
}

func TestKVRestoreFaults(t *testing.T) {
	for state, want := range map[string]string{
		``:                          "unexpected end of JSON input",
		`null`:                      "without its entries",
		`{}`:                        "without its entries",
		`{"entries":null}`:          "without its entries",
		`{"entries":{}}`:            "cannot unmarshal object",
		`{"entries":[{"key":1}]}`:   "without a key or a value",
		`{"entries":[{"value":1}]}`: "without a key or a value",
		`{"entries":[{"key":"a","value":1},{"key":"\u0061","value":1}]}`: `the key "\u0061" twice`,
	} {
		if err := restore(serviceProgram(t, `kind = "lin-kv"`), []byte(state)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("restore of %s: got error %v, want %q in it", state, err, want)
		}
	}
	empty := serviceProgram(t, `kind = "lin-kv"`)
	if err := restore(empty, []byte(capture(t, empty))); err != nil {
		t.Errorf("restore of an empty state: got error %v, want none", err)
	}
}

func BenchmarkKVCapture(b *testing.B) {
	var kv kv
	kv.index = map[string]int{}
	for i := range 1_000_000 {
		kv.set(entry{fmt.Sprint(i), []byte("12345678")})
	}
	for b.Loop() {
		kv.Capture(func(program.State) {})
	}
}

// Keys, and values that a cas must compare by their meaning, are bounded. Two long values
// that are written alike are equal.
func TestKVComparesBoundedText(t *testing.T) {
	p := newFakeService()
	made := startService(t, p, `kind = "lin-kv"`)
	text := func(n int) string { return `"` + strings.Repeat("x", n-2) + `"` }
	long, key := text(compareMax+1), text(keyMax+1)
	exchanges(t, made, p, []exchange{
		{`{"type":"write","key":` + text(keyMax) + `,"value":1}`, `{"type":"write_ok"}`},
		{`{"type":"write","key":` + key + `,"value":1}`, `{"type":"error","code":12,"text":"the key has 65537 bytes, more than 65536"}`},
		{`{"type":"read","key":` + key + `}`, `{"type":"error","code":12,"text":"the key has 65537 bytes, more than 65536"}`},
		{`{"type":"cas","key":` + key + `,"from":1,"to":2}`, `{"type":"error","code":12,"text":"the key has 65537 bytes, more than 65536"}`},
		{`{"type":"write","key":1,"value":` + long + `}`, `{"type":"write_ok"}`},
		{`{"type":"cas","key":1,"from":1,"to":2}`, `{"type":"error","code":12,"text":"the value has 262145 bytes and \"from\" 1: above 262144 they are compared only byte by byte, and they differ"}`},
		{`{"type":"cas","key":1,"from":` + long + `,"to":2}`, `{"type":"cas_ok"}`},
	})
}

// A capture copies no entry, and a write after it at most one chunk, however many entries
// there are. The captured state does not change.
func TestKVCaptureCopiesNoEntries(t *testing.T) {
	for _, n := range []int{0, 1, chunkSize, chunkSize + 1, 50 * chunkSize} {
		var l entries
		for i := range n {
			l.add(entry{key: fmt.Sprint(i)})
		}
		before := slices.Clone(l.chunks)
		shared := l.share()
		if !slices.Equal(shared, before) {
			t.Errorf("%d entries: got other chunks in the copy, want the same ones", n)
		}
		l.add(entry{key: "new"})
		copied := 0
		for i := range before {
			if l.chunks[i] != before[i] {
				copied++
			}
		}
		if copied > 1 {
			t.Errorf("%d entries: got %d chunks copied by a write, want at most 1", n, copied)
		}
		for i := range n {
			l.set(i, entry{key: "changed"})
		}
		count := 0
		for _, c := range shared {
			for _, e := range c.entries {
				if e.key != fmt.Sprint(count) {
					t.Fatalf("%d entries: got entry %d changed to %q after the copy, want it as it was", n, count, e.key)
				}
				count++
			}
		}
		if count != n || l.count != n+1 {
			t.Errorf("%d entries: got %d in the copy and %d now, want %d and %d", n, count, l.count, n, n+1)
		}
	}
}
