package netnode

import (
	"testing"

	"chandy/snapshot"
)

// A node that listens on loopback and has a peer on another host is found.
func TestANodeOnLoopbackFindsAPeerOnAnotherHost(t *testing.T) {
	for _, test := range []struct {
		peer, listens, option string
		want                  bool
	}{
		{"192.0.2.1:7102", "127.0.1.1:7101", "", true},
		{"192.0.2.1:7102", "[::1]:7101", "", true},
		{"host.invalid:7102", "127.0.1.1:7101", "", true}, // resolves nowhere (RFC 6761)
		{"192.0.2.1:7102", "192.0.2.2:7101", "", false},
		{"192.0.2.1:7102", "[::]:7101", "", false},
		{"127.0.0.1:7102", "127.0.1.1:7101", "", false},
		{"localhost:7102", "127.0.1.1:7101", "", false},
		{"192.0.2.1:7102", "127.0.1.1:7101", "127.0.1.1:7101", false}, // as the user asked for
	} {
		cluster, err := NewCluster(ClusterConfig{Name: "t", Network: NetworkConfig{Insecure: true}, Processes: []ProcessConfig{
			{ID: "p1", Address: "own.invalid:7101"}, {ID: "p2", Address: test.peer},
		}})
		if err != nil {
			t.Fatal(err)
		}
		peer, got := peerElsewhere(t.Context(), Options{Cluster: cluster, ID: "p1", Listen: test.option}, test.listens)
		want := snapshot.ProcessID("")
		if test.want {
			want = "p2"
		}
		if got != test.want || peer.ID != want {
			t.Errorf("%+v: got %v, %q; want %v, %q", test, got, peer.ID, test.want, want)
		}
	}
}
