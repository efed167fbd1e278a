package channel

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"unsafe"

	"chandy/snapshot"
)

// A Recorder belongs to another package, which shows nothing of what it holds. So
// it is copied and encoded field by field, whichever fields it has.

// copyRecorder is a deep copy. Bytes and what stands behind interfaces (the
// channels that it asks) are shared.
func copyRecorder(r *snapshot.Recorder) *snapshot.Recorder {
	var c snapshot.Recorder
	deepCopy(reflect.ValueOf(&c).Elem(), reflect.ValueOf(r).Elem())
	return &c
}

// deepCopy copies between two addressable values of one type.
func deepCopy(to, from reflect.Value) {
	switch from.Kind() {
	case reflect.Struct:
		for i := range from.NumField() {
			deepCopy(open(to.Field(i)), open(from.Field(i)))
		}
	case reflect.Pointer:
		if !from.IsNil() {
			to.Set(reflect.New(from.Type().Elem()))
			deepCopy(to.Elem(), from.Elem())
		}
	case reflect.Slice:
		if from.IsNil() || from.Type().Elem().Kind() == reflect.Uint8 {
			to.Set(from)
			return
		}
		to.Set(reflect.MakeSlice(from.Type(), from.Len(), from.Len()))
		for i := range from.Len() {
			deepCopy(to.Index(i), from.Index(i))
		}
	case reflect.Map: // of plain values
		to.Set(reflect.MakeMapWithSize(from.Type(), from.Len()))
		for it := from.MapRange(); it.Next(); {
			to.SetMapIndex(it.Key(), it.Value())
		}
	default:
		to.Set(from)
	}
}

// open is a field, exported or not.
func open(field reflect.Value) reflect.Value {
	return reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem()
}

// appendValue appends an encoding of all plain values in v, in a fixed order.
// Recorders of one process with equal encodings behave alike for ever.
func appendValue(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			b = appendValue(b, v.Field(i))
		}
	case reflect.Pointer:
		b = append(b, byte(bit(v.IsNil())))
		if !v.IsNil() {
			b = appendValue(b, v.Elem())
		}
	case reflect.Slice:
		b = binary.AppendUvarint(b, uint64(v.Len()))
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return append(b, v.Bytes()...)
		}
		for i := range v.Len() {
			b = appendValue(b, v.Index(i))
		}
	case reflect.Map: // sets of texts
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return compareTexts(a.String(), b.String()) })
		b = append(b, byte(len(keys)))
		for _, key := range keys {
			b = appendText(b, key.String())
		}
	case reflect.String:
		b = appendText(b, v.String())
	case reflect.Bool:
		b = append(b, byte(bit(v.Bool())))
	case reflect.Int, reflect.Int64:
		b = binary.AppendVarint(b, v.Int())
	case reflect.Uint64, reflect.Uint8:
		b = binary.AppendUvarint(b, v.Uint())
	case reflect.Interface, reflect.Func: // the channels, and nothing
	default:
		panic(fmt.Sprintf("bug: appendValue of %v", v.Type()))
	}
	return b
}

func compareTexts(a, b string) int {
	return snapshot.Channel{From: snapshot.ProcessID(a)}.Compare(snapshot.Channel{From: snapshot.ProcessID(b)})
}

func appendRecorder(b []byte, r *snapshot.Recorder) []byte {
	return appendValue(b, reflect.ValueOf(r).Elem())
}

// TestCopyRecorder checks that a step of a copy leaves the original alone and that
// the encodings see the difference.
func TestCopyRecorder(t *testing.T) {
	s := joinedScope("", Ahead, "p1->p2 p2->p1", 1, "p1")
	x := newExplorer(s)
	x.begin()
	l := x.nodes[0].local
	x.asks[0].local = l
	before := string(appendRecorder(nil, l.recorder.Recorder))
	again := copyRecorder(l.recorder.Recorder)
	if got := string(appendRecorder(nil, again)); got != before {
		t.Fatalf("the copy is %q, not %q", got, before)
	}
	if _, err := again.Initiate(s.starts[0]); err != nil {
		t.Fatal(err)
	}
	if string(appendRecorder(nil, l.recorder.Recorder)) != before {
		t.Error("a step of the copy changed the original")
	}
	after := string(appendRecorder(nil, again))
	if after == before {
		t.Error("an initiation is not in the encoding")
	}
	again.StateRecorded(snapshot.State{Bytes: []byte("s")})
	if string(appendRecorder(nil, again)) == after {
		t.Error("a recording is not in the encoding")
	}
}
