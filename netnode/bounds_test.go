package netnode_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// A partial snapshot of a large cluster has much to say is missing: all of it in
// the JSON, the first of it in the summary.
func TestVirtualLargePartial(t *testing.T) {
	virtual(t, bankFile(150, "transfers_per_second = 0\n"), func(t *testing.T, _ *memNetwork, c *cluster) {
		c.start("p1")
		s, err := c.snapshot(t.Context(), time.Second, "p1")
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Missing) != 149 || len(s.end.Missing) != 51 || s.end.Missing[50] != "and 99 more" {
			t.Errorf("%d missing, told of %d: %s", len(s.Missing), len(s.end.Missing), s.end.Missing[len(s.end.Missing)-1])
		}
	})
}

// What a client writes is quoted back, but not all of it.
func TestVirtualLongRequest(t *testing.T) {
	virtual(t, bankFile(1, ""), func(t *testing.T, network *memNetwork, c *cluster) {
		c.start("p1")
		socket, err := network.from("stranger").Dial(t.Context(), "127.0.0.1:7101")
		if err != nil {
			t.Fatal(err)
		}
		defer socket.Close()
		reader := wire.NewReader(socket, wire.FrameMax)
		go socket.Write(wire.Append(nil, wire.Hello{Role: wire.RoleControl, VersionMin: 1, VersionMax: 1, Cluster: "test", To: "p1"}))
		if f, err := reader.Read(); err != nil || f.Type() != wire.TypeWelcome {
			t.Fatal(f, err)
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
				t.Fatal(err)
			}
			if r, ok := f.(wire.Reply); !ok || r.Kind != wire.KindError || len(r.Body) > 2*wire.TextMax {
				t.Errorf("answered %v", f)
			}
		}
	})
}

// However little time there is, and however late markers come, a snapshot that has
// ended does not start again.
func TestVirtualMarkersOfEndedSnapshots(t *testing.T) {
	virtual(t, bankFile(3, "transfers_per_second = 0\n[network]\ndelay = \"10ms\"\n"), func(t *testing.T, _ *memNetwork, c *cluster) {
		c.start("p1")
		for _, timeout := range []time.Duration{time.Millisecond, 15 * time.Millisecond, 500 * time.Millisecond, 1 << 62} {
			if timeout == 1<<62 {
				c.start("p2")
				c.start("p3")
				c.waitUp(t.Context())
			}
			if _, err := c.snapshot(t.Context(), timeout, "p1"); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(30 * time.Second)
		for _, id := range c.config.IDs() {
			before := c.markers(t, id)
			time.Sleep(time.Second)
			if after := c.markers(t, id); after != before {
				t.Errorf("%s still sends markers: %d, then %d", id, before, after)
			}
		}
	})
}

// markers is how many markers a process has sent, on all channels.
func (c *cluster) markers(t *testing.T, id snapshot.ProcessID) (n uint64) {
	client := c.client(t.Context(), id)
	defer client.Close()
	status, err := client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range status.Outgoing {
		n += o.Markers
	}
	return n
}
