package clustertest_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"chandy/internal/bundled"
	"chandy/internal/clustertest"
)

var (
	banks    = clustertest.Options{Program: bundled.New}
	bankFile = clustertest.File("[program]\nkind = \"bank\"\ntransfers_per_second = 100\n", clustertest.IDs("p", 2)...)
)

func TestClusterOnLoopback(t *testing.T) {
	c := clustertest.New(t, bankFile, banks)
	c.Start()
	c.Up()
	s := c.Complete("p1")
	if len(s.Processes) != 2 || len(s.Channels) != 2 || s.End.Status != "complete" {
		t.Errorf("got %s, want 2 processes and 2 channels", s)
	}
	if got := c.Call("p1", `{"type":"balance"}`); !strings.Contains(got, "balance_ok") {
		t.Errorf("call: got %s, want balance_ok", got)
	}
	if o := c.Outgoing("p1", "p2"); !o.Up {
		t.Errorf("p1->p2: got %+v, want it up", o)
	}
	if err := c.Stop("p2"); err != nil {
		t.Errorf("stop: got error %v, want none", err)
	}
	c.Logged(`"process":"p2"`)
}

func TestTimeOutOfVirtualClusterIsExact(t *testing.T) {
	clustertest.Virtual(t, bankFile, banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start("p1")
		if s := <-c.Begin(time.Hour, "p1"); s == nil || s.Complete() || s.End.ElapsedMS != 3_600_000 {
			t.Errorf("got %s, want partial after one hour", s)
		}
	})
}

// Read refuses a document with a wrong certificate, form or status.
func TestReadRefusesTamperedSnapshot(t *testing.T) {
	clustertest.Virtual(t, bankFile, banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start()
		c.Up()
		text := c.Complete("p1").Text
		for old, changed := range map[string]string{
			`"received": `:         `"received": 9`, // refused by verify only
			`"cluster"`:            `"custer"`,
			`"status": "complete"`: `"status": "partial"`,
		} {
			if _, err := clustertest.Read(bytes.Replace(text, []byte(old), []byte(changed), 1)); err == nil {
				t.Errorf("%s for %s: got no error, want one", changed, old)
			}
		}
	})
}

func TestSeedIsOneForEachTestAndFromTheEnvironment(t *testing.T) {
	if a, b := clustertest.Rand(t).Uint64(), clustertest.Rand(t).Uint64(); a != b {
		t.Errorf("two calls: got %d and %d, want equal numbers", a, b)
	}
	t.Run("given", func(t *testing.T) {
		t.Setenv("CHANDY_TEST_SEED", "7")
		if got := clustertest.Seed(t); got != 7 {
			t.Errorf("got seed %d, want 7", got)
		}
	})
}

func TestMemoryCutEndsConnections(t *testing.T) {
	clustertest.Virtual(t, bankFile, banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start()
		c.Up()
		c.Memory.Cut(c.Address("p1"), c.Address("p2"))
		time.Sleep(time.Second)
		if o := c.Outgoing("p1", "p2"); !o.Up || o.Reconnects != 1 {
			t.Errorf("p1->p2: got %+v, want it up after one reconnect", o)
		}
	})
}
