package try

import "encoding/json"

// A child at rest has no work under way. A snapshot in a burst contains such work, for
// example messages without an acknowledgement, and the state that it is compared with is the
// state of a child at rest. So the two differ where the work is noted.

// restless removes from both states the members that are empty in atRest and not in got. It
// returns their names, such as "unacked" or "peers.n1". It changes both states in place.
func restless(got, atRest any) (names []string) {
	g, isObject := got.(map[string]any)
	r, areBoth := atRest.(map[string]any)
	if !isObject || !areBoth {
		return nil
	}
	for name, value := range g {
		switch {
		case empty(r[name]) && !empty(value):
			names = append(names, name)
			delete(g, name)
			delete(r, name)
		default:
			for _, inner := range restless(value, r[name]) {
				names = append(names, name+"."+inner)
			}
		}
	}
	return names
}

// empty reports whether a decoded value contains nothing but empty values.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case json.Number:
		return v == "0"
	case []any:
		for _, one := range v {
			if !empty(one) {
				return false
			}
		}
		return true
	case map[string]any:
		for _, one := range v {
			if !empty(one) {
				return false
			}
		}
		return true
	}
	return false
}
