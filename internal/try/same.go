package try

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"chandy/snapshot"
)

// likeness is how alike two states are.
type likeness int

const (
	different likeness = iota
	reordered          // but for the order of elements in lists
	same               // but perhaps for the order of members in objects, and space
)

// compare compares two states. Of the reply to a request of the program's own what
// names the request does not count.
func compare(a, b []byte, reply bool) likeness {
	x, y := decoded(a, reply), decoded(b, reply)
	switch {
	case encoded(x) == encoded(y):
		return same
	case encoded(unordered(x)) == encoded(unordered(y)):
		return reordered
	}
	return different
}

// decoded is JSON with its numbers as they were written.
func decoded(text []byte, reply bool) (v any) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return string(text)
	}
	if object, ok := v.(map[string]any); ok && reply {
		delete(object, "in_reply_to")
		delete(object, "msg_id")
	}
	return v
}

// encoded has the members of objects in one order.
func encoded(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("bug: what was JSON no longer is: " + err.Error())
	}
	return string(text)
}

// unordered has the elements of lists in one order too.
func unordered(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = unordered(value)
		}
	case []any:
		for i := range v {
			v[i] = unordered(v[i])
		}
		slices.SortFunc(v, func(a, b any) int { return strings.Compare(encoded(a), encoded(b)) })
	}
	return v
}

func sorted(ids []snapshot.ProcessID) []snapshot.ProcessID {
	slices.Sort(ids)
	return ids
}
