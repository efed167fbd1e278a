package difference

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// differences returns the differences between two values as text: "POINTER OLD->NEW; …".
func differences(a, b string) string {
	var all []string
	values([]byte(a), []byte(b), func(c Change) {
		one := func(v json.RawMessage) string {
			if v == nil {
				return "none"
			}
			return string(v)
		}
		all = append(all, fmt.Sprintf("%s %s->%s", c.Pointer, one(c.Old), one(c.New)))
	})
	return strings.Join(all, "; ")
}

func TestValuesDifferByPointer(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{`1`, `1`, ""},
		{`1`, `2`, " 1->2"},
		{` {"a" : 1 } `, `{"a":1}`, ""},
		{`{"a":1}`, `{"a":2}`, "/a 1->2"},
		{`{"a":1}`, `{"b":1}`, "/a 1->none; /b none->1"},
		{`{"a":1,"b":2}`, `{"b":2,"a":1}`, ""},
		{`{"a":1,"b":2,"c":3}`, `{"c":4,"a":1}`, "/b 2->none; /c 3->4"},
		{`{"x":{"y":{"z":1}}}`, `{"x":{"y":{"z":null}}}`, "/x/y/z 1->null"},
		{`{"a/b":1,"c~d":2,"~1":3,"":4," ":5}`, `{"a/b":2,"c~d":3,"~1":4,"":5," ":6}`, "/a~1b 1->2; /c~0d 2->3; /~01 3->4; / 4->5; /  5->6"},
		{`{"\u0061":1}`, `{"a":1}`, ""},
		{`{"\u0061":1}`, `{"a":2}`, "/a 1->2"},
		{`"\u0061"`, `"a"`, ""},
		{`"é"`, `"\u00e9"`, ""},
		{`"a"`, `"b"`, ` "a"->"b"`},
		{`[]`, `[]`, ""},
		{`[1,2]`, `[1,3]`, "/1 2->3"},
		{`[1]`, `[1,2,3]`, "/1 none->2; /2 none->3"},
		{`[1,2,3]`, `[ 1 ]`, "/1 2->none; /2 3->none"},
		{`[[]]`, `[[[]]]`, "/0/0 none->[]"},
		{`{"a":[{"b":1}]}`, `{"a":[{"b":2}]}`, "/a/0/b 1->2"},
		{`{}`, `[]`, " {}->[]"},
		{`{"a":{}}`, `{"a":[]}`, "/a {}->[]"},
		{`{}`, `{ }`, ""},
		{`null`, `{}`, " null->{}"},
		{`9007199254740993`, `9007199254740992`, " 9007199254740993->9007199254740992"},
		{`{"n":9007199254740993}`, `{"n":9007199254740993}`, ""},
		{`1`, `1.0`, " 1->1.0"}, // numbers are compared as they are written
		{`1e2`, `100`, " 1e2->100"},
		{`"1"`, `1`, ` "1"->1`},
		{`{"a":1,"a":2}`, `{"a":1,"a":2}`, ""},
		{`{"a":1,"a":2}`, `{"a":1,"a":3}`, "/a 2->3"},
		{`{"x":0,"a":1,"a":2}`, `{"a":2,"x":0}`, ""}, // out of order, the last of two counts
		{"[\n\t1 ,\r\n 2 ]", "[1,2]", ""},
		{`{"a":"}","b":"{\"]"}`, `{"a":"}","b":"{\"["}`, `/b "{\"]"->"{\"["`},
	} {
		if got := differences(c.a, c.b); got != c.want {
			t.Errorf("%s and %s: got %q, want %q", c.a, c.b, got, c.want)
		}
	}
}

func TestDifferencesAppliedToOneValueGiveTheOther(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for n := range 5000 {
		a := randomValue(r, 4)
		b := randomValue(r, 4)
		if r.IntN(3) > 0 {
			b = mutate(r, a)
		}
		from, to := render(r, a), render(r, b)
		var all []Change
		values([]byte(from), []byte(to), func(c Change) { all = append(all, c) })
		if got := applyAll(t, decoded(t, from), all); !reflect.DeepEqual(got, decoded(t, to)) {
			t.Fatalf("seed %d, round %d: %s with the differences %v: got %v, want %s", seed, n, from, all, got, to)
		}
		if len(all) == 0 != reflect.DeepEqual(decoded(t, from), decoded(t, to)) {
			t.Fatalf("seed %d, round %d: %s and %s: got %d differences, want none if and only if they are equal", seed, n, from, to, len(all))
		}
		for _, c := range all {
			if c.Old != nil && c.New != nil && string(c.Old) == string(c.New) {
				t.Fatalf("seed %d, round %d: %s and %s: got the difference %v between equal values", seed, n, from, to, c)
			}
		}
	}
}

var names = []string{"a", "b", "c", "d", "a/b", "~", "~1", "", "é", "0", "\"", "x y"}

func randomValue(r *rand.Rand, depth int) any {
	kind := r.IntN(7)
	if depth == 0 {
		kind = r.IntN(5)
	}
	switch kind {
	case 0:
		return nil
	case 1:
		return r.IntN(2) == 0
	case 2, 3:
		return json.Number(strconv.Itoa(r.IntN(4)))
	case 4:
		return names[r.IntN(len(names))]
	case 5:
		all := []any{}
		for range r.IntN(4) {
			all = append(all, randomValue(r, depth-1))
		}
		return all
	}
	all := map[string]any{}
	for range r.IntN(5) {
		all[names[r.IntN(len(names))]] = randomValue(r, depth-1)
	}
	return all
}

// mutate returns a copy of a value with a change somewhere.
func mutate(r *rand.Rand, v any) any {
	switch v := v.(type) {
	case []any:
		all := slices.Clone(v)
		switch i := r.IntN(len(all) + 1); {
		case i == len(all) || r.IntN(3) == 0:
			return append(all, randomValue(r, 1))
		case r.IntN(3) == 0:
			return slices.Delete(all, i, i+1)
		default:
			all[i] = mutate(r, all[i])
			return all
		}
	case map[string]any:
		all := map[string]any{names[r.IntN(len(names))]: randomValue(r, 1)}
		for key, value := range v {
			switch r.IntN(6) {
			case 0:
			case 1:
				all[key] = mutate(r, value)
			default:
				all[key] = value
			}
		}
		return all
	}
	return randomValue(r, 2)
}

// render writes a value as JSON, with white space and an order of keys that are random.
func render(r *rand.Rand, v any) string {
	space := func() string { return []string{"", "", " ", "\n\t"}[r.IntN(4)] }
	switch v := v.(type) {
	case []any:
		var all []string
		for _, one := range v {
			all = append(all, space()+render(r, one)+space())
		}
		return "[" + strings.Join(all, ",") + space() + "]"
	case map[string]any:
		var all []string
		for key, one := range v {
			text, _ := json.Marshal(key)
			all = append(all, space()+string(text)+space()+":"+space()+render(r, one))
		}
		slices.Sort(all)
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		return "{" + strings.Join(all, ",") + space() + "}"
	}
	b, _ := json.Marshal(v)
	return string(b)
}

func decoded(t *testing.T, text string) (v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// applyAll applies differences to a value. Those that shorten an array are applied from its end.
func applyAll(t *testing.T, v any, all []Change) any {
	t.Helper()
	var removals []Change
	for _, c := range all {
		if c.New == nil {
			removals = append(removals, c)
			continue
		}
		v = apply(v, tokens(c.Pointer), decoded(t, string(c.New)), false)
	}
	for _, c := range slices.Backward(removals) {
		v = apply(v, tokens(c.Pointer), nil, true)
	}
	return v
}

func tokens(pointer string) []string {
	var all []string
	for _, token := range strings.Split(pointer, "/")[1:] {
		all = append(all, strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~"))
	}
	return all
}

func apply(v any, path []string, value any, remove bool) any {
	if len(path) == 0 {
		return value
	}
	last := len(path) == 1
	switch at := v.(type) {
	case map[string]any:
		if last && remove {
			delete(at, path[0])
		} else {
			at[path[0]] = apply(at[path[0]], path[1:], value, remove)
		}
		return at
	case []any:
		i, _ := strconv.Atoi(path[0])
		switch {
		case last && remove:
			return slices.Delete(at, i, i+1)
		case i == len(at):
			return append(at, value)
		}
		at[i] = apply(at[i], path[1:], value, remove)
		return at
	}
	return value
}
