package program

import (
	"testing"

	"chandy/snapshot"
)

// No two clients of a cluster have one id, and each id tells where its client asked.
func TestClientIDs(t *testing.T) {
	for _, processes := range [][]snapshot.ProcessID{{"a"}, {"a", "b"}, {"a", "b", "c", "d", "e", "f", "g"}} {
		taken := map[snapshot.ProcessID]bool{}
		for n := range 100 {
			for _, id := range processes {
				client := ClientID(processes, id, n)
				if taken[client] || client == "c0" || !client.IsClient() {
					t.Fatalf("client %d of %s among %v is %s", n, id, processes, client)
				}
				taken[client] = true
				if at, ok := ClientOf(processes, client); at != id || !ok {
					t.Fatalf("client %d of %s among %v is %s, which is taken for one of %q", n, id, processes, client, at)
				}
			}
		}
	}
	for _, none := range []snapshot.ProcessID{"", "c", "c0", "c01", "p1", "c99999999999999999999"} {
		if at, ok := ClientOf([]snapshot.ProcessID{"a"}, none); ok {
			t.Errorf("%q is taken for a client of %s", none, at)
		}
	}
}
