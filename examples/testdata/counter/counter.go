// Counts what it is told to add, and stores the count in the service seq-kv.
//
//	{"type":"add","delta":2}
//
// A request is answered when the service has stored the count. Until then it is in the
// state, so that another instance can store the count and answer.
package main

import (
	"encoding/json"
	"log"
	"sync"

	maelstrom "chandy/examples/testdata/maelstrom"
)

// counter is the whole state.
type counter struct {
	Count   int                       `json:"count"`
	Last    int                       `json:"last"`    // number of the last request
	Waiting map[int]maelstrom.Message `json:"waiting"` // requests that wait for the service, by number
	MsgID   int                       `json:"msg_id"`  // of the last request to the service
}

var (
	n     = maelstrom.NewNode()
	mu    sync.Mutex // around the state and the messages that belong to a change
	state = counter{Waiting: map[int]maelstrom.Message{}}
)

// store asks the service to store the count, and does not wait for it. The reply answers
// the request with this number. The caller holds mu.
func store(number int) error {
	write := map[string]any{"type": "write", "key": n.ID(), "value": state.Count}
	return n.RPC("seq-kv", write, func(reply maelstrom.Message) error {
		mu.Lock()
		defer mu.Unlock()
		request := state.Waiting[number]
		delete(state.Waiting, number)
		if reply.Type() == "error" {
			return n.Reply(request, reply.Body)
		}
		return n.Reply(request, map[string]any{"type": "add_ok"})
	})
}

func main() {
	n.Handle("add", func(msg maelstrom.Message) error {
		var body struct{ Delta int }
		if err := json.Unmarshal(msg.Body, &body); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		state.Count += body.Delta
		state.Last++
		state.Waiting[state.Last] = msg
		return store(state.Last)
	})
	n.Handle("read", func(msg maelstrom.Message) error {
		mu.Lock()
		defer mu.Unlock()
		return n.Reply(msg, map[string]any{"type": "read_ok", "value": state.Count})
	})
	n.Handle("snapshot", func(msg maelstrom.Message) error {
		mu.Lock()
		defer mu.Unlock()
		state.MsgID = n.LastMsgID()
		return n.Reply(msg, map[string]any{"type": "snapshot_ok", "state": state})
	})
	n.Handle("restore", func(msg maelstrom.Message) error {
		var body struct{ State counter }
		if err := json.Unmarshal(msg.Body, &body); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		n.CountFrom(body.State.MsgID)
		state = body.State
		if err := n.Reply(msg, map[string]any{"type": "restore_ok"}); err != nil {
			return err
		}
		for number := range state.Waiting { // what is printed before restore_ok is dropped
			if err := store(number); err != nil {
				return err
			}
		}
		return nil
	})
	if err := n.Run(); err != nil {
		log.Fatal(err)
	}
}
