package netnode_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"chandy/internal/clustertest"
	"chandy/snapshot"
	"chandy/wire"
)

// A partial snapshot of a large cluster lists all missing processes in its JSON, and the
// first 50 in the summary.
func TestVirtualLargePartial(t *testing.T) {
	clustertest.Virtual(t, bankFile(150, "transfers_per_second = 0\n"), banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start("p1")
		s := c.Snapshot(time.Second, "p1")
		if len(s.Missing) != 149 || len(s.End.Missing) != 51 || s.End.Missing[50] != "and 99 more" {
			t.Errorf("got %d missing, and in the summary %q; want 149, and 50 and \"and 99 more\"", len(s.Missing), s.End.Missing)
		}
	})
}

// An error reply quotes only the beginning of a long request.
func TestVirtualLongRequest(t *testing.T) {
	clustertest.Virtual(t, bankFile(1, ""), banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start("p1")
		socket, err := c.Network("stranger").Dial(t.Context(), c.Address("p1"))
		if err != nil {
			t.Fatal(err)
		}
		defer socket.Close()
		reader := wire.NewReader(socket, wire.FrameMax)
		go socket.Write(wire.Append(nil, wire.Hello{Role: wire.RoleControl, VersionMin: 1, VersionMax: 1, Cluster: "test", To: "p1"}))
		if f, err := reader.Read(); err != nil || f.Type() != wire.TypeWelcome {
			t.Fatalf("got %v, %v, want a welcome", f, err)
		}
		long := strings.Repeat("A", 300_000)
		for i, body := range []string{
			fmt.Sprintf(`{"type": %q}`, long),
			fmt.Sprintf(`{"type": "initiate", "at": [%q]}`, long),
			`{"type": "initiate", "timeout_ms": "` + long + `"}`,
			long,
		} {
			go socket.Write(wire.Append(nil, wire.Request{Number: uint64(i), Body: []byte(body)}))
			f, err := reader.Read()
			if err != nil {
				t.Fatalf("request %d: got %v, want an error reply", i, err)
			}
			if r, ok := f.(wire.Reply); !ok || r.Kind != wire.KindError || len(r.Body) > 2*wire.TextMax {
				t.Errorf("request %d: got %v, want an error reply of at most %d bytes", i, f, 2*wire.TextMax)
			}
		}
	})
}

// A snapshot that has ended does not start again, however short its time-out was and
// however late its markers come.
func TestVirtualMarkersOfEndedSnapshots(t *testing.T) {
	clustertest.Virtual(t, bankFile(3, "transfers_per_second = 0\n[network]\ndelay = \"10ms\"\n"), banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start("p1")
		for _, timeout := range []time.Duration{time.Millisecond, 15 * time.Millisecond, 500 * time.Millisecond, 1 << 62} {
			if timeout == 1<<62 {
				c.Start("p2")
				c.Start("p3")
				c.Up()
			}
			c.Snapshot(timeout, "p1")
		}
		time.Sleep(30 * time.Second)
		for _, id := range c.Config.IDs() {
			before := markers(c, id)
			time.Sleep(time.Second)
			if after := markers(c, id); after != before {
				t.Errorf("%s has sent markers: got %d a second later, want still %d", id, after, before)
			}
		}
	})
}

// markers returns how many markers a process has sent, on all channels.
func markers(c *clustertest.Cluster, id snapshot.ProcessID) (n uint64) {
	for _, o := range c.Status(id).Outgoing {
		n += o.Markers
	}
	return n
}
