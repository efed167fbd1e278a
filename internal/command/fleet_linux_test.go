package command

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"chandy/internal/clustertest"
	"chandy/internal/config"
	"chandy/netnode"
	"chandy/snapshot"
	"chandy/wire"
)

// fleetPatience is how long something may take that the nodes do without being disturbed.
const fleetPatience = 60 * time.Second

// newFleet returns a cluster of nodes, each a process of its own, that have not started. In
// text stand the tables of the cluster file beside the processes. A process is an id,
// which further keys may follow.
func newFleet(t *testing.T, text string, processes ...string) *attack {
	t.Helper()
	a := &attack{
		t: t, seed: clustertest.Seed(t), relays: map[snapshot.Channel]*relay{},
		books: newBooks(), figures: map[string]int{}, incarnations: map[snapshot.ProcessID]snapshot.Incarnation{},
	}
	a.ctx, a.cancel = context.WithCancelCause(t.Context())
	dir := t.TempDir()
	path := filepath.Join(dir, "cluster.toml")
	file := "name = \"fleet\"\n"
	for _, p := range processes {
		var id, more string
		if n, _ := fmt.Sscan(p, &id); n == 1 {
			more = p[len(id):]
		}
		log, err := os.Create(filepath.Join(dir, id+".log"))
		if err != nil {
			t.Fatal(err)
		}
		v := &victim{attack: a, id: snapshot.ProcessID(id), address: "127.0.0.1:" + clustertest.FreePort(), file: path, log: log}
		a.nodes = append(a.nodes, v)
		file += fmt.Sprintf("[[process]]\nid = %q\naddress = %q\n%s\n", id, v.address, more)
	}
	writeTo(t, path, file+text)
	t.Cleanup(a.stop)
	var err error
	if a.cluster, err = config.Load(path); err != nil {
		t.Fatal(err)
	}
	return a
}

// launch starts all nodes and waits until their channels are up.
func (a *attack) launch() {
	for _, v := range a.nodes {
		v.start()
	}
	a.awaitChannels()
}

// awaitChannels waits until all channels are up at all nodes. Nodes of different epochs refuse
// each other, so they are in one epoch then.
func (a *attack) awaitChannels() {
	for _, v := range a.nodes {
		v.with(func(ctx context.Context, c *netnode.Client) error { return c.AwaitUp(ctx) })
	}
}

// with calls f with a client of the node. An error ends the test.
func (v *victim) with(f func(context.Context, *netnode.Client) error) {
	if v.ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeoutCause(v.ctx, fleetPatience, fmt.Errorf("no end within %v", fleetPatience))
	defer cancel()
	c, err := netnode.DialClient(ctx, v.cluster, v.id, netnode.TCP{})
	if err == nil {
		defer c.Close()
		err = f(ctx, c)
	}
	if err != nil {
		v.fail("client of %s: %v", v.id, err)
	}
}

// initiate takes a snapshot, which must be complete. It is nil if the test has failed.
func (v *victim) initiate(request wire.InitiateRequest) (s *clustertest.Snapshot) {
	request.TimeoutMS = fleetPatience.Milliseconds()
	v.with(func(ctx context.Context, c *netnode.Client) error {
		var text bytes.Buffer
		end, err := c.InitiateWith(ctx, request, &text, nil)
		if err != nil {
			return err
		}
		if s, err = clustertest.Read(text.Bytes()); err != nil {
			return err
		}
		if s.End = end; !s.Complete() {
			err = fmt.Errorf("got a snapshot without %v, want a complete one", s.Missing)
		}
		return err
	})
	if v.ctx.Err() != nil {
		return nil
	}
	return s
}

// status returns the status of the node.
func (v *victim) status() (s wire.ProcessStatus) {
	v.with(func(ctx context.Context, c *netnode.Client) (err error) {
		s, err = c.Status(ctx)
		return err
	})
	return s
}

// restoring returns the request to restore a saved snapshot.
func (a *attack) restoring(id snapshot.ID) wire.RestoreRequest {
	_, sha256, err := storeOf(a.cluster).Manifest(id)
	if err != nil {
		a.fail("%v", err)
	}
	return wire.RestoreRequest{Snapshot: id, Manifest: sha256, TimeoutMS: fleetPatience.Milliseconds()}
}
