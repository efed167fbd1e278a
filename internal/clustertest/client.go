package clustertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"chandy/netnode"
	"chandy/snapshot"
	"chandy/wire"
)

// Client connects to the node of a process. The caller must close the client.
func (c *Cluster) Client(id snapshot.ProcessID) *netnode.Client {
	c.t.Helper()
	client, err := netnode.DialClient(c.Ctx, c.Config, id, c.Network("client"))
	if err != nil {
		c.t.Fatalf("client of %s: got error %v, want none", id, err)
	}
	return client
}

// Up waits until every channel of the cluster is up at both ends.
func (c *Cluster) Up() {
	c.t.Helper()
	for _, id := range c.Config.IDs() {
		client := c.Client(id)
		if err := client.AwaitUp(c.Ctx); err != nil {
			c.t.Fatalf("%s: got %v, want it ready and all channels up", id, err)
		}
		client.Close()
	}
}

// Call sends a request to the program of a process and returns the reply.
func (c *Cluster) Call(id snapshot.ProcessID, request string) string {
	c.t.Helper()
	client := c.Client(id)
	defer client.Close()
	reply, err := client.Call(c.Ctx, json.RawMessage(request))
	if err != nil {
		c.t.Fatalf("call %s with %.300s: got error %v, want a reply", id, request, err)
	}
	return string(reply)
}

// Cast sends a request, and does not wait for the reply.
func (c *Cluster) Cast(id snapshot.ProcessID, request string) {
	c.t.Helper()
	client := c.Client(id)
	c.t.Cleanup(func() { client.Close() })
	go client.Call(c.Ctx, json.RawMessage(request))
}

// Status returns the status of a process.
func (c *Cluster) Status(id snapshot.ProcessID) wire.ProcessStatus {
	c.t.Helper()
	client := c.Client(id)
	defer client.Close()
	s, err := client.Status(c.Ctx)
	if err != nil {
		c.t.Fatalf("status of %s: got error %v, want none", id, err)
	}
	return s
}

// Outgoing returns the status of a channel as its sender has it.
func (c *Cluster) Outgoing(from, to snapshot.ProcessID) wire.OutgoingStatus {
	c.t.Helper()
	for _, o := range c.Status(from).Outgoing {
		if o.To == to {
			return o
		}
	}
	c.t.Fatalf("status of %s: got no channel to %s, want one", from, to)
	return wire.OutgoingStatus{}
}

// Take takes a snapshot and checks it. With one process the node adds the initiators
// that are needed besides. Take is safe for concurrent use.
func (c *Cluster) Take(timeout time.Duration, at ...snapshot.ProcessID) (*Snapshot, error) {
	client, err := netnode.DialClient(c.Ctx, c.Config, at[0], c.Network("client"))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	if len(at) == 1 {
		at = nil
	}
	var text bytes.Buffer
	end, err := client.Initiate(c.Ctx, at, timeout, false, &text, nil)
	if err != nil {
		return nil, err
	}
	s, err := Read(text.Bytes())
	if err == nil && s.Status() != end.Status {
		err = fmt.Errorf("got a %s snapshot, but the end reply says %s\n%s", s.Status(), end.Status, s)
	}
	if err != nil {
		return nil, err
	}
	s.End = end
	return s, nil
}

// Snapshot takes a snapshot that may be partial.
func (c *Cluster) Snapshot(timeout time.Duration, at ...snapshot.ProcessID) *Snapshot {
	c.t.Helper()
	s, err := c.Take(timeout, at...)
	if err != nil {
		c.t.Fatalf("snapshot at %v: got error %v, want none", at, err)
	}
	return s
}

// Complete takes a snapshot, which must be complete.
func (c *Cluster) Complete(at ...snapshot.ProcessID) *Snapshot {
	c.t.Helper()
	s := c.Snapshot(time.Minute, at...)
	if !s.Complete() {
		c.t.Fatalf("snapshot at %v: got %s, want complete", at, s)
	}
	return s
}

// Begin takes a snapshot in a goroutine. The result is nil if that fails.
func (c *Cluster) Begin(timeout time.Duration, at ...snapshot.ProcessID) <-chan *Snapshot {
	result := make(chan *Snapshot, 1)
	go func() {
		s, err := c.Take(timeout, at...)
		if err != nil {
			c.t.Errorf("snapshot at %v: got error %v, want none", at, err)
		}
		result <- s
	}()
	return result
}
