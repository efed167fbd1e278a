package program

import (
	"testing"

	"chandy/snapshot"
)

func TestClientIDsAreUniqueAndNameTheirProcess(t *testing.T) {
	for _, processes := range [][]snapshot.ProcessID{{"a"}, {"a", "b"}, {"a", "b", "c", "d", "e", "f", "g"}} {
		taken := map[snapshot.ProcessID]bool{}
		for n := range 100 {
			for _, id := range processes {
				client := ClientID(processes, id, n)
				if taken[client] || client == "c0" || !client.IsClient() {
					t.Fatalf("client %d of %s among %v: got %s, want a client id other than c0 and %v", n, id, processes, client, taken)
				}
				taken[client] = true
				if at, ok := ClientOf(processes, client); at != id || !ok {
					t.Fatalf("process of client %s among %v: got %q, %v; want %q, true", client, processes, at, ok, id)
				}
			}
		}
	}
}

func TestOtherIDsBelongToNoClient(t *testing.T) {
	for _, id := range []snapshot.ProcessID{"", "c", "c0", "c01", "p1", "c99999999999999999999"} {
		if at, ok := ClientOf([]snapshot.ProcessID{"a"}, id); ok {
			t.Errorf("process of client %q: got %s, want none", id, at)
		}
	}
}
