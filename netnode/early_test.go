package netnode

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// A node has room for 64 early connections from one address and 256 in all. An early
// connection that is removed makes room for another one.
func TestEarlyLimits(t *testing.T) {
	var e early
	count := func(host string, n int) (added int) {
		for range n {
			if e.add(host) {
				added++
			}
		}
		return added
	}
	for _, step := range []struct {
		host          string
		add, want     int
		removedBefore int
	}{
		{"a", 100, 64, 0}, {"b", 100, 64, 0}, {"a", 1, 0, 0}, {"a", 2, 1, 1},
		{"c", 64, 64, 0}, {"d", 64, 64, 0}, {"e", 1, 0, 0}, {"e", 3, 2, 2},
	} {
		for range step.removedBefore {
			e.remove("a")
		}
		if got := count(step.host, step.add); got != step.want {
			t.Errorf("%d more from %s, after %d had gone: got %d added, want %d", step.add, step.host, step.removedBefore, got, step.want)
		}
	}
	for host, n := range map[string]int{"a": 62, "b": 64, "c": 64, "d": 64, "e": 2} {
		for range n {
			e.remove(host)
		}
	}
	if e.all != 0 || len(e.byHost) != 0 {
		t.Errorf("after the last had gone: got %d connections and the hosts %v, want none", e.all, e.byHost)
	}
}

func TestSpecNumbersOfEarlyConnections(t *testing.T) {
	spec, err := os.ReadFile("../wire/SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("at most %d connections whose hello it has not read, and at most %d of them from one address", earlyMax, earlyHostMax)
	if !strings.Contains(string(spec), want) {
		t.Errorf("SPEC.md: got no sentence with %q, want it", want)
	}
}
