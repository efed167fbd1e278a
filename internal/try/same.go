package try

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"chandy/snapshot"
)

// likeness describes how alike two states are.
type likeness int

const (
	different likeness = iota
	reordered          // equal apart from the order of elements in lists
	same               // equal, apart from white space and the order of members in objects
)

// compare compares two states. If reply is set, the states are replies to a request of the
// program's own. Then it ignores the members that identify the request.
func compare(a, b []byte, reply bool) likeness {
	return alike(decoded(a, reply), decoded(b, reply))
}

// alike compares two decoded states. It may change the order of their lists.
func alike(x, y any) likeness {
	switch {
	case encoded(x) == encoded(y):
		return same
	case encoded(unordered(x)) == encoded(unordered(y)):
		return reordered
	}
	return different
}

// decoded decodes JSON and keeps numbers as they were written. It returns text that is not
// JSON as a string. If reply is set, the members that identify a request are removed.
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

// encoded encodes v as JSON with the members of objects sorted.
func encoded(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("bug: decoded JSON cannot be encoded: " + err.Error())
	}
	return string(text)
}

// unordered sorts the elements of all lists in v, in place, and returns v.
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
