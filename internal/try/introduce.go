package try

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"chandy/internal/maelstrom"
	"chandy/internal/printable"
	"chandy/snapshot"
)

// topologyNone is the value of the setting topology for a program that ends at topology.
const topologyNone = "none"

// topologyWait is how long a child may take to answer topology. A node waits as long.
const topologyWait = 2 * time.Second

// errTopology is the error of a child that ended at topology.
var errTopology = errors.New("it ended at topology")

// begin starts a child, and its peers, and waits until they have answered init and
// topology. The caller must close the talk. Children start one after the other, because on a
// busy machine each of many would be late. A child that ends at topology is started again
// without it, as a node does.
func (t *trial) begin(condition string) (*talk, error) {
	t.starting.Lock()
	defer t.starting.Unlock()
	for {
		k, err := t.start(condition)
		if err != nil {
			return nil, err
		}
		if err = k.introduce(condition); err == nil {
			return k, nil
		}
		k.excused = errors.Is(err, errTopology)
		k.close()
		if !k.excused {
			return nil, err
		}
		t.topology = topologyNone
	}
}

// nodes returns the ids of the children, as in Maelstrom.
func (t *trial) nodes() []snapshot.ProcessID {
	ids := make([]snapshot.ProcessID, t.Nodes)
	for i := range ids {
		ids[i] = snapshot.ProcessID(fmt.Sprintf("n%d", i))
	}
	return ids
}

// initOf returns the line with init for a child.
func (t *trial) initOf(id snapshot.ProcessID) []byte {
	ids, err := json.Marshal(t.nodes())
	if err != nil {
		panic("bug: " + err.Error())
	}
	return maelstrom.AppendLine(nil, first, id, fmt.Appendf(nil, `{"type":"init","node_id":%q,"node_ids":%s,"msg_id":1}`, id, ids))
}

// topologyOf returns the line with topology for a child, or nil if none is sent.
func (t *trial) topologyOf(id snapshot.ProcessID) []byte {
	if t.topology == topologyNone {
		return nil
	}
	body := maelstrom.TopologyBody(maelstrom.Arrange("grid", t.nodes()))
	return maelstrom.AppendLine(nil, first, id, maelstrom.AddMember(body, "msg_id", []byte("2")))
}

// introduce starts the peers, sends init and topology to all children and waits for the
// replies. Each gets init at once, because some programs do not wait for it long, and
// topology when it has answered. None waits for another, as in a cluster.
func (k *talk) introduce(condition string) error {
	k.process.Write(k.initOf(self))
	wait := min(k.Limit, topologyWait)
	if k.silent {
		wait = 0
	}
	for _, id := range k.nodes()[1:] {
		p, err := k.addPeer(condition, id)
		if err != nil {
			return err
		}
		go k.follow(p, k.topologyOf(id), wait)
	}
	if err := k.introduceFirst(wait); err != nil {
		return err
	}
	k.admit(self)
	return k.awaitPeers()
}

// introduceFirst waits until the first child has answered init and topology. Zero for wait
// means that no answer to topology is waited for.
func (k *talk) introduceFirst(wait time.Duration) error {
	var missing *noReply
	reply, err := k.await(first, "1")
	switch {
	case errors.As(err, &missing):
		return fmt.Errorf("init is not answered: %w", err)
	case err != nil:
		return err
	case reply.Type == "error":
		return fmt.Errorf("it answers init with an error: %s", printable.Start(reply.Body, quoteMax))
	}
	k.initAt = time.Now()
	line := k.topologyOf(self)
	if line == nil {
		return nil
	}
	k.process.Write(line)
	if wait == 0 {
		return nil
	}
	_, _, err = k.awaitAny(wait, request{client: first, id: "2"})
	switch {
	case errors.As(err, &missing) && missing.ended != nil:
		return errTopology
	case errors.As(err, &missing):
		k.silent = true
		return nil
	}
	return err
}
