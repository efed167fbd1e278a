package core

import (
	"testing"

	"chandy/snapshot"
	"chandy/wire"
)

// A peer that connects before the core has made its first step is dialled once, like
// any other. A second connection would replace the first, whichever arrives first.
func TestAcceptedBeforeStart(t *testing.T) {
	c := newCores(t)[0]
	dials := 0
	for _, e := range c.Step(0, []Event{begun(), Accepted{Conn: -1, Hello: wire.Hello{
		VersionMin: wire.Version, VersionMax: wire.Version, Role: wire.RoleChannel, Cluster: c.Cluster.Name, Epoch: 1,
		ConfigHash: c.hash, From: "p2", To: "p1", Incarnation: snapshot.Incarnation("i"),
	}}}) {
		if _, ok := e.(Dial); ok {
			dials++
		}
	}
	if dials != 1 {
		t.Errorf("got %d dials, want 1", dials)
	}
}
