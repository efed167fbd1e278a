package difference

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"chandy/internal/jsonwalk"
)

// Change is a difference between two JSON values. Old and New refer to their texts. Nil means
// that there is no value.
type Change struct {
	Pointer  string // JSON Pointer (RFC 6901); empty for the whole value
	Old, New json.RawMessage
}

// values calls f for each difference between two JSON values, which must be valid. Two values
// that are written alike are equal, and two numbers only then. A member that comes in another
// place of its object is not a difference. The values are walked over as text, because a
// decoded value takes many times its size.
func values(a, b []byte, f func(Change)) { differ("", trim(a), trim(b), f) }

func trim(b []byte) []byte { return bytes.Trim(b, " \t\r\n") }

func differ(pointer string, a, b []byte, f func(Change)) {
	switch {
	case bytes.Equal(a, b) || a[0] == '"' && b[0] == '"' && unquote(a) == unquote(b):
	case a[0] == '{' && b[0] == '{':
		differObjects(pointer, a, b, f)
	case a[0] == '[' && b[0] == '[':
		differArrays(pointer, a, b, f)
	default:
		f(Change{pointer, a, b})
	}
}

func unquote(b []byte) string {
	var s string
	json.Unmarshal(b, &s) // it is valid
	return s
}

// walker walks over the members of an object or the elements of an array.
type walker struct {
	text []byte
	at   int
}

// next returns the next value, and its key in an object. It returns false at the end.
func (w *walker) next(object bool) (key string, value []byte, ok bool) {
	w.at = jsonwalk.SkipSpace(w.text, w.at+1) // after the bracket or the comma
	if c := w.text[w.at]; c == '}' || c == ']' {
		w.at-- // so that a further call finds the bracket again
		return "", nil, false
	}
	if object {
		end := jsonwalk.SkipString(w.text, w.at)
		key = unquote(w.text[w.at:end])
		colon := jsonwalk.SkipSpace(w.text, end)
		w.at = jsonwalk.SkipSpace(w.text, colon+1)
	}
	end, _ := jsonwalk.SkipValue(w.text, w.at)
	value = w.text[w.at:end]
	w.at = jsonwalk.SkipSpace(w.text, end)
	if w.text[w.at] != ',' {
		w.at-- // so that the next call finds the bracket
	}
	return key, value, true
}

// differObjects walks over both objects at once, as long as they have the same keys in the
// same order. Only what follows is remembered by key.
func differObjects(pointer string, a, b []byte, f func(Change)) {
	left, right := walker{text: a}, walker{text: b}
	for {
		oldKey, oldValue, more := left.next(true)
		newKey, newValue, moreNew := right.next(true)
		switch {
		case !more && !moreNew:
			return
		case more && moreNew && oldKey == newKey:
			differ(pointer+"/"+escape(oldKey), oldValue, newValue, f)
			continue
		}
		old, oldKeys := left.others(oldKey, oldValue, more)
		new, newKeys := right.others(newKey, newValue, moreNew)
		keys := append(oldKeys, newKeys...)
		slices.Sort(keys)
		for _, key := range slices.Compact(keys) {
			at := pointer + "/" + escape(key)
			switch before, after := old[key], new[key]; {
			case before == nil || after == nil:
				f(Change{at, before, after})
			default:
				differ(at, before, after, f)
			}
		}
		return
	}
}

// others returns a member and all that follow it, by key, and their keys.
func (w *walker) others(key string, value []byte, more bool) (all map[string]json.RawMessage, keys []string) {
	all = map[string]json.RawMessage{}
	for ; more; key, value, more = w.next(true) {
		all[key] = value
		keys = append(keys, key)
	}
	return all, keys
}

func differArrays(pointer string, a, b []byte, f func(Change)) {
	left, right := walker{text: a}, walker{text: b}
	for i := 0; ; i++ {
		_, old, more := left.next(false)
		_, new, moreNew := right.next(false)
		at := pointer + "/" + strconv.Itoa(i)
		switch {
		case !more && !moreNew:
			return
		case !more || !moreNew:
			f(Change{at, old, new})
		default:
			differ(at, old, new, f)
		}
	}
}

// escape writes a key as a token of a JSON Pointer (RFC 6901, section 3).
func escape(key string) string {
	return strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
}
