package try

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"chandy/internal/bundled"
	"chandy/internal/child"
	"chandy/internal/clustertest"
	"chandy/internal/config"
	"chandy/netnode"
	"chandy/program"
	"chandy/snapshot"
)

// conduct is what a program does. The keys are conditions.
type conduct map[string]bool

// TestVerdictsAreThoseOfACluster compares the verdicts of Run with what the same program
// does in a cluster of three, with the settings that Run has found.
func TestVerdictsAreThoseOfACluster(t *testing.T) {
	dies := map[string][]snapshot.ProcessID{"splits": {"n2"}, "dies-at-once": {"n1", "n2", "n3"}}
	for ways, want := range map[string]conduct{
		"good":           {"init": true, "replies": true, "line ends": true, "state": true},
		"needs-topology": {"init": true, "replies": true, "line ends": true, "state": true},
		"exits":          {"init": true, "replies": true, "line ends": true, "state": true},
		"asks-first":     {"init": true, "replies": true, "line ends": true, "state": true},
		"splits":         {"init": true, "replies": true, "line ends": false, "state": true},
		"says-nothing":   {"init": true, "replies": false, "line ends": false, "state": false},
		"mute":           {"init": false, "replies": false, "line ends": false, "state": false},
		"dies-at-once":   {"init": false, "replies": false, "line ends": false, "state": false},
	} {
		t.Run(ways, func(t *testing.T) {
			t.Parallel()
			o := options(t, ways)
			if !want["replies"] {
				o.Limit = short
			}
			r := run(t, o)
			judged := conduct{}
			for _, one := range r.Results {
				if _, ok := want[one.Condition]; ok {
					judged[one.Condition] = one.Verdict == Works
				}
			}
			if !maps.Equal(judged, want) {
				t.Errorf("the verdicts: got %v, want %v\n%s", judged, want, text(r))
			}
			if seen := inCluster(t, r.Program, want, dies[ways]...); !maps.Equal(seen, want) {
				t.Errorf("in a cluster: got %v, want %v\n%s", seen, want, r.Program)
			}
		})
	}
}

// inCluster runs a program as three nodes with a lin-kv, and returns what it does. An
// answer that is not wanted is not waited for long. The nodes in dies must end.
func inCluster(t *testing.T, settings string, want conduct, dies ...snapshot.ProcessID) conduct {
	file := clustertest.File(settings, clustertest.IDs("n", 3)...) +
		"\n[[process]]\nid = \"lin-kv\"\naddress = \"127.0.0.1:7999\"\nprogram = { kind = \"lin-kv\" }\n"
	c := clustertest.New(t, file, clustertest.Options{Program: func(c *config.Cluster, p config.Process) (program.Program, error) {
		if p.Program.Kind != config.KindExec {
			return bundled.New(c, p)
		}
		return child.New(c, p)
	}})
	c.Start()
	limit := func(condition string) time.Duration {
		if want[condition] {
			return patience
		}
		return short
	}
	does := func(condition string, f func(context.Context, *netnode.Client) error) bool {
		ctx, cancel := context.WithTimeout(t.Context(), limit(condition))
		defer cancel()
		client, err := netnode.DialClient(ctx, c.Config, "n1", c.Network("client"))
		if err != nil {
			return false
		}
		defer client.Close()
		return f(ctx, client) == nil
	}
	call := func(condition, kind string) bool {
		return does(condition, func(ctx context.Context, client *netnode.Client) error {
			reply, err := client.Call(ctx, fmt.Appendf(nil, `{"type":%q,"message":1}`, kind))
			if err == nil && !strings.Contains(string(reply), kind+"_ok") {
				err = fmt.Errorf("got %s", reply)
			}
			return err
		})
	}
	seen := conduct{"init": does("init", func(ctx context.Context, client *netnode.Client) error { return client.AwaitUp(ctx) })}
	seen["replies"] = call("replies", "broadcast")
	seen["state"] = does("state", func(context.Context, *netnode.Client) error {
		s, err := c.Take(limit("state"), "n1")
		if err != nil {
			return err
		}
		if state := s.Process("n1").State; state.Error != "" {
			return fmt.Errorf("got %s", s)
		}
		return nil
	})
	seen["line ends"] = call("line ends", "tell")
	for _, id := range dies { // the cluster fails a test if a node has ended unnoticed
		c.Ended(id)
	}
	return seen
}
