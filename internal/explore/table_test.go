package explore

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"
)

func TestSetHoldsTheZeroStateAndGrows(t *testing.T) {
	var v set[int]
	for range 2 {
		for i := range 10_000 {
			v.add(i)
		}
	}
	if isNew, _ := v.add(-1); v.n != 10_001 || !isNew {
		t.Errorf("got %d states, want 10001", v.n)
	}
}

func TestTableNumbersEachEncodingOnce(t *testing.T) {
	var table Table[string]
	key := []byte{}
	number := func(text string) uint32 {
		key = append(key[:0], text...)
		return table.Number(key, func() string { clear(key); return text })
	}
	got := fmt.Sprint(number("a"), number("b"), number("a"), number("b"), table.All)
	if want := "0 1 0 1 [a b]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMemoFindsWhatWasAdded(t *testing.T) {
	var m Memo[int, string]
	if got := m.Find(1); got != nil {
		t.Errorf("got %q, want nothing", *got)
	}
	m.Add(1, "one")
	m.Add(2, "two")
	if got := m.Find(1); got == nil || *got != "one" {
		t.Errorf("got %v, want one", got)
	}
}

type inner struct {
	n     int
	texts []string
	body  []byte
}

type outer struct {
	name   string
	flag   bool
	list   []inner
	inners []*inner
	set    map[string]bool
	asked  fmt.Stringer
	none   *inner
}

func newOuter() *outer {
	return &outer{"x", true, []inner{{1, []string{"a"}, []byte("b")}}, []*inner{{n: 2, texts: []string{"c"}}}, map[string]bool{"s": true}, reflect.ValueOf(1), nil}
}

func TestCopyIsDeepAndEncodedAlike(t *testing.T) {
	for name, change := range map[string]func(*outer){
		"a field": func(o *outer) { o.name = "y" }, "a flag": func(o *outer) { o.flag = false },
		"an element": func(o *outer) { o.list[0].n++ }, "an element's slice": func(o *outer) { o.list[0].texts[0] = "z" },
		"bytes":               func(o *outer) { o.list[0].body = []byte("z") },
		"behind a pointer":    func(o *outer) { o.inners[0].n++ },
		"a slice behind one":  func(o *outer) { o.inners[0].texts[0] = "z" },
		"a map":               func(o *outer) { o.set["t"] = true },
		"a pointer":           func(o *outer) { o.none = &inner{} },
		"the length of a set": func(o *outer) { clear(o.set) },
	} {
		from, to := newOuter(), &outer{}
		Copy(to, from)
		before := Append(nil, from)
		if got := Append(nil, to); !bytes.Equal(got, before) || !reflect.DeepEqual(to, from) {
			t.Errorf("got copy %+v, want %+v", to, from)
		}
		change(to)
		if got := Append(nil, from); !bytes.Equal(got, before) {
			t.Errorf("%s: changing the copy changed the original: got %q, want %q", name, got, before)
		}
		if got := Append(nil, to); bytes.Equal(got, before) {
			t.Errorf("%s: got the encoding %q before and after a change", name, got)
		}
	}
}

func TestLeftOutListsEveryFieldThatAppendLeavesOut(t *testing.T) {
	type within struct {
		Outer  outer
		Counts map[string]int
		List   []struct{ Call func() }
	}
	got := LeftOut(reflect.TypeFor[within]())
	if want := []string{"Outer.asked", "Counts", "List.Call"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
