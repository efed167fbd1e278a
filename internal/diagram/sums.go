package diagram

import (
	"slices"
	"strconv"
	"strings"

	"chandy/snapshot"
)

// sums returns the totals that a reader would add up: of each whole number that all states
// have, and of each one that all messages in flight have.
func (s *Story) sums() string {
	var parts []string
	if len(s.Global.Processes) > 1 {
		var states [][]byte
		for _, p := range s.Global.Processes {
			states = append(states, p.State.Bytes)
		}
		for _, t := range totals(slices.Values(states)) {
			parts = append(parts, t.key+" "+signed(t.sum)+" in the states")
		}
	}
	for _, t := range totals(func(yield func([]byte) bool) { eachPayload(s.Global, yield) }) {
		parts = append(parts, t.key+" "+signed(t.sum)+" in flight")
	}
	if len(parts) == 0 {
		return ""
	}
	return "totals: " + strings.Join(parts[:min(len(parts), 4)], " · ")
}

func eachPayload(g *snapshot.Global, yield func([]byte) bool) {
	for _, c := range g.Channels {
		for _, b := range c.Messages {
			for _, payload := range b.All() {
				if !yield(payload) {
					return
				}
			}
		}
	}
}

// total is the sum of a field over several objects.
type total struct {
	key string
	sum int64
}

// totals returns the sums of the whole numbers that all objects have, at most two. The order
// is the order of the first object.
func totals(objects func(func([]byte) bool)) (all []total) {
	n := 0
	objects(func(b []byte) bool {
		fields := members(b)
		if n++; n == 1 {
			for _, f := range fields {
				all = append(all, total{f.key, 0})
			}
		}
		all = slices.DeleteFunc(all, func(t total) bool {
			return !slices.ContainsFunc(fields, func(f field) bool { return f.key == t.key && whole(f.value) })
		})
		for i := range all {
			for _, f := range fields {
				if f.key == all[i].key {
					v, _ := strconv.ParseInt(f.value, 10, 64)
					all[i].sum += v
					break
				}
			}
		}
		return len(all) > 0
	})
	return all[:min(len(all), 2)]
}

// whole reports whether a value is a whole number, small enough that no sum overflows.
func whole(value string) bool {
	v, err := strconv.ParseInt(value, 10, 64)
	return err == nil && v > -1<<38 && v < 1<<38
}

func signed(n int64) string {
	if n < 0 {
		return "-" + thousands(uint64(-n))
	}
	return thousands(uint64(n))
}
