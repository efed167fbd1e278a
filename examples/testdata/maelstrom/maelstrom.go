// Package maelstrom stands in for Maelstrom's library for Go. It has the part of its
// interface that the programs of the tests use, and runs each handler and each callback in
// a goroutine of its own, as the library does.
package maelstrom

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

type Message struct {
	Src  string          `json:"src"`
	Dest string          `json:"dest"`
	Body json.RawMessage `json:"body"`
}

// Type returns the type of the body.
func (m *Message) Type() string { return m.head().Type }

type HandlerFunc func(Message) error

type head struct {
	Type      string
	MsgID     int    `json:"msg_id"`
	InReplyTo int    `json:"in_reply_to"`
	NodeID    string `json:"node_id"`
}

func (m *Message) head() (h head) {
	json.Unmarshal(m.Body, &h)
	return h
}

type Node struct {
	id       string
	handlers map[string]HandlerFunc

	mu        sync.Mutex // guards stdout and the fields below
	next      int        // last msg_id
	callbacks map[int]HandlerFunc
}

func NewNode() *Node {
	return &Node{handlers: map[string]HandlerFunc{}, callbacks: map[int]HandlerFunc{}}
}

func (n *Node) ID() string { return n.id }

func (n *Node) Handle(kind string, f HandlerFunc) { n.handlers[kind] = f }

// Run handles messages until the end of the input, or until one that has no handler.
func (n *Node) Run() error {
	var running sync.WaitGroup
	defer running.Wait()
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var m Message
		if err := json.Unmarshal(in.Bytes(), &m); err != nil {
			return err
		}
		h := m.head()
		f := n.handlers[h.Type]
		switch {
		case h.InReplyTo != 0:
			n.mu.Lock()
			f = n.callbacks[h.InReplyTo]
			delete(n.callbacks, h.InReplyTo)
			n.mu.Unlock()
			if f == nil {
				continue
			}
		case h.Type == "init":
			n.id = h.NodeID
			f = func(m Message) error { return n.Reply(m, map[string]any{"type": "init_ok"}) }
		case f == nil:
			return fmt.Errorf("no handler for %s", in.Text())
		}
		running.Go(func() {
			if err := f(m); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		})
	}
	return nil
}

// Reply sends a body as the reply to a request.
func (n *Node) Reply(request Message, body any) error {
	return n.send(request.Src, body, "in_reply_to", request.head().MsgID)
}

// RPC sends a request, and does not wait. The callback is called with the reply.
func (n *Node) RPC(dest string, body any, callback HandlerFunc) error {
	n.mu.Lock()
	n.next++
	id := n.next
	n.callbacks[id] = callback
	n.mu.Unlock()
	return n.send(dest, body, "msg_id", id)
}

// LastMsgID returns the msg_id of the last request. The library has no such method.
func (n *Node) LastMsgID() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.next
}

// CountFrom sets the msg_id after which further requests count. The library has no such
// method.
func (n *Node) CountFrom(last int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.next = last
}

func (n *Node) send(dest string, body any, key string, id int) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	members := map[string]any{}
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	members[key] = id
	line, err := json.Marshal(map[string]any{"src": n.id, "dest": dest, "body": members})
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	_, err = os.Stdout.Write(append(line, '\n'))
	return err
}
