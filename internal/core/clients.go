package core

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"chandy/internal/config"
	"chandy/internal/saved"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// clients are the clients whose requests the program has received or will receive.
type clients struct {
	requests []request // that wait for their turn
	bytes    int       // in requests
	byID     map[snapshot.ProcessID]*client
	count    int // of all clients so far
}

// request is a client's request to the program.
type request struct {
	client  snapshot.ProcessID
	payload []byte
}

// client is where the reply to a request goes.
type client struct {
	session *session // nil if nobody waits for the reply: see clients.then
	number  uint64   // of the request in its session
}

const (
	// callsMax is how many requests of clients may wait for replies of the program.
	callsMax = 1024
	// clientBytesMax bounds ClientBytes.
	clientBytesMax = 64 << 20
)

// ClientBytes returns how many bytes of each kind a node holds for all its clients
// together: requests that are not parsed, requests that the program has not received,
// and results of calls and status requests. Each kind has at most a sixteenth of the
// memory of the node.
func ClientBytes(cluster *config.Cluster) int {
	return int(min(clientBytesMax, cluster.Limits.Memory/16))
}

// add queues a request for the program, under a client id of its own.
func (k *clients) add(s *session, number uint64, payload []byte) {
	switch {
	case len(payload) == 0:
		s.fail(number, wire.CodeBadRequest, `a call needs a "request"`)
		return
	case len(k.byID) >= callsMax:
		s.fail(number, wire.CodeLimit, fmt.Sprintf("%d requests wait for replies of the program", callsMax))
		return
	case k.bytes > 0 && k.bytes+len(payload) > ClientBytes(s.core.Cluster):
		s.fail(number, wire.CodeLimit, fmt.Sprintf("requests of %d MiB wait for the program", k.bytes>>20))
		return
	}
	id := k.newID(s.core)
	k.byID[id] = &client{s, number}
	k.requests = append(k.requests, request{id, payload})
	k.bytes += len(payload)
}

// newID returns the id of the next client.
func (k *clients) newID(c *Core) snapshot.ProcessID {
	k.count++
	return program.ClientID(c.topology.Processes, c.self, k.count-1)
}

// then queues requests of nobody before those of all clients.
func (k *clients) then(c *Core, payloads []json.RawMessage) {
	var first []request
	for _, payload := range payloads {
		id := k.newID(c)
		k.byID[id] = &client{}
		first = append(first, request{id, payload})
		k.bytes += len(payload)
	}
	k.requests = append(first, k.requests...)
}

// next removes the oldest request.
func (k *clients) next() request {
	r := k.requests[0]
	k.requests = k.requests[1:]
	k.bytes -= len(r.payload)
	return r
}

// received returns the requests that the program has received and not answered, the oldest
// first.
func (k *clients) received() []saved.ClientRequest {
	waiting := map[snapshot.ProcessID]bool{}
	for _, r := range k.requests {
		waiting[r.client] = true
	}
	all := []saved.ClientRequest{}
	for _, id := range sortedClients(k.byID) {
		if !waiting[id] {
			all = append(all, saved.ClientRequest{Client: id})
		}
	}
	return all
}

// sortedClients returns the ids of clients, the oldest first: the numbers in them ascend.
func sortedClients(byID map[snapshot.ProcessID]*client) []snapshot.ProcessID {
	return slices.SortedFunc(maps.Keys(byID), func(a, b snapshot.ProcessID) int {
		return cmp.Or(len(a)-len(b), cmp.Compare(a, b))
	})
}

// reply sends the program's reply to a client.
func (k *clients) reply(to snapshot.ProcessID, payload []byte) error {
	one := k.byID[to]
	if one == nil {
		return fmt.Errorf("message to %s: no such client, or it has its reply", to)
	}
	delete(k.byID, to)
	if one.session != nil {
		one.session.reply(one.number, slices.Clone(payload), nil)
	}
	return nil
}

// leave forgets the clients of a session that has ended.
func (k *clients) leave(s *session) {
	maps.DeleteFunc(k.byID, func(_ snapshot.ProcessID, one *client) bool { return one.session == s })
	k.requests = slices.DeleteFunc(k.requests, func(r request) bool {
		gone := k.byID[r.client] == nil
		if gone {
			k.bytes -= len(r.payload)
		}
		return gone
	})
}
