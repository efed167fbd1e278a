package netnode_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/bundled"
	"chandy/internal/config"
	"chandy/internal/verify"
	"chandy/netnode"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// cluster is a cluster of nodes in this process.
type cluster struct {
	t       *testing.T
	config  *config.Cluster
	network func(address string) netnode.Network
	nodes   map[snapshot.ProcessID]*running
}

type running struct {
	node *netnode.Node
	end  context.CancelFunc
	done chan error
}

// newCluster makes a cluster of a cluster file's text; no node runs yet.
func newCluster(t *testing.T, network func(address string) netnode.Network, text string) *cluster {
	t.Helper()
	c, err := config.Parse("test.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	all := &cluster{t: t, config: c, network: network, nodes: map[snapshot.ProcessID]*running{}}
	t.Cleanup(all.stopAll)
	return all
}

// bankFile is a cluster file of n banks p1 … pn, each with a channel to all others.
func bankFile(n int, more string) string {
	text := `name = "test"` + "\n"
	for i := range n {
		text += fmt.Sprintf("[[process]]\nid = \"p%d\"\naddress = \"127.0.0.1:%d\"\n", i+1, 7101+i)
	}
	return text + "[program]\nkind = \"bank\"\n" + more
}

func (c *cluster) startAll() {
	for _, p := range c.config.Processes {
		c.start(p.ID)
	}
}

// start starts a node with the program of the cluster file.
func (c *cluster) start(id snapshot.ProcessID) {
	c.t.Helper()
	p, _ := c.config.Process(id)
	hosted, err := bundled.New(c.config, p)
	if err != nil {
		c.t.Fatal(err)
	}
	c.host(id, hosted)
}

// host starts a node with a program.
func (c *cluster) host(id snapshot.ProcessID, hosted program.Program) {
	c.t.Helper()
	p, _ := c.config.Process(id)
	n, err := netnode.New(netnode.Options{Cluster: c.config, ID: id, Program: hosted, Network: c.network(p.Address), Log: testLog()})
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{n, cancel, make(chan error, 1)}
	go func() { r.done <- n.Run(ctx) }()
	c.nodes[id] = r
}

// testLog shows what nodes say when $CHANDY_TEST_LOG is set.
func testLog() zerolog.Logger {
	if os.Getenv("CHANDY_TEST_LOG") == "" {
		return zerolog.Nop()
	}
	return zerolog.New(os.Stderr)
}

// stop stops a node and returns what Run returned.
func (c *cluster) stop(id snapshot.ProcessID) error {
	r := c.nodes[id]
	delete(c.nodes, id)
	r.end()
	return <-r.done
}

func (c *cluster) stopAll() {
	var wait sync.WaitGroup
	for _, r := range c.nodes {
		r.end()
		wait.Go(func() { <-r.done })
	}
	wait.Wait()
	clear(c.nodes)
}

// client connects to a node; retrying, as it may not listen yet, until ctx ends.
func (c *cluster) client(ctx context.Context, id snapshot.ProcessID) *netnode.Client {
	c.t.Helper()
	client, err := netnode.DialClient(ctx, c.config, id, c.network("client"))
	if err != nil {
		c.t.Fatalf("client of %s: %v", id, err)
	}
	return client
}

// waitUp returns when every channel is up at both ends.
func (c *cluster) waitUp(ctx context.Context) {
	c.t.Helper()
	for _, id := range c.config.IDs() {
		client := c.client(ctx, id)
		if err := client.AwaitUp(ctx); err != nil {
			c.t.Fatalf("%s is not up: %v", id, err)
		}
		client.Close()
	}
}

// taken is a snapshot as a client gets it.
type taken struct {
	Status    string `json:"status"`
	Processes map[string]struct {
		State struct {
			Balance int64 `json:"balance"`
		} `json:"state"`
	} `json:"processes"`
	Channels []struct {
		From     string  `json:"from"`
		To       string  `json:"to"`
		Sent     *uint64 `json:"sent"`
		Received *uint64 `json:"received"`
		Messages []struct {
			Seq     uint64 `json:"seq"`
			Payload struct {
				Amount int64 `json:"amount"`
			} `json:"payload"`
		} `json:"messages"`
	} `json:"channels"`
	Missing []struct {
		Process string `json:"process"`
		Channel string `json:"channel"`
		Reason  string `json:"reason"`
		Detail  string `json:"detail"`
	} `json:"missing"`
	end wire.EndReply
}

// sum is all money, on accounts and in channels.
func (s *taken) sum() int64 {
	total := int64(0)
	for _, p := range s.Processes {
		total += p.State.Balance
	}
	for _, c := range s.Channels {
		for _, m := range c.Messages {
			total += m.Payload.Amount
		}
	}
	return total
}

// snapshot takes one and checks it: consistent in any case.
func (c *cluster) snapshot(ctx context.Context, timeout time.Duration, at ...snapshot.ProcessID) (*taken, error) {
	end, text, err := c.take(ctx, timeout, at...)
	if err != nil {
		return nil, err
	}
	s := &taken{end: end}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, err
	}
	return s, nil
}

// schemaMax is how long a snapshot may be for the schema to be tried on it, which is
// slow: in bytes.
const schemaMax = 128 << 10

// take is snapshot, and gives the JSON.
func (c *cluster) take(ctx context.Context, timeout time.Duration, at ...snapshot.ProcessID) (wire.EndReply, []byte, error) {
	client, err := netnode.DialClient(ctx, c.config, at[0], c.network("client"))
	if err != nil {
		return wire.EndReply{}, nil, err
	}
	defer client.Close()
	if len(at) == 1 {
		at = nil // with those that are needed besides
	}
	var text bytes.Buffer
	end, err := client.Initiate(ctx, at, timeout, false, &text, nil)
	if err != nil {
		return end, nil, err
	}
	report, err := verify.Check(bytes.NewReader(text.Bytes()))
	if err != nil {
		return end, nil, fmt.Errorf("%w\n%s", err, text.Bytes())
	}
	if !report.Consistent() || report.OK() != (end.Status == "complete") {
		return end, nil, fmt.Errorf("%s snapshot, faults %v\n%s", end.Status, report.Faults, text.Bytes())
	}
	if text.Len() > schemaMax {
		return end, text.Bytes(), nil
	}
	if err := fits(text.Bytes(), snapshotSchema); err != nil {
		return end, nil, fmt.Errorf("docs/snapshot.schema.json: %w\n%s", err, text.Bytes())
	}
	return end, text.Bytes(), nil
}
