package netnode

import "chandy/internal/core"

// Holdings calls f on the loop with [core.Core.Holdings].
func (n *Node) Holdings(f func(map[string]int)) {
	n.post(core.Called{F: func() { f(n.core.Holdings()) }})
}

// Conns returns how many connections the node has, and how many of them have not said
// hello.
func (n *Node) Conns() (all, early int) {
	n.conns.mu.Lock()
	defer n.conns.mu.Unlock()
	n.conns.early.mu.Lock()
	defer n.conns.early.mu.Unlock()
	return len(n.conns.byID), n.conns.early.all
}

// CloseConns ends all connections, as after an error of the network.
func (n *Node) CloseConns() {
	n.conns.mu.Lock()
	defer n.conns.mu.Unlock()
	for _, c := range n.conns.byID {
		c.close(false)
	}
}

// OnLoop calls f in a step. Until f returns, no other step is made.
func (n *Node) OnLoop(f func()) { n.post(core.Called{F: f}) }

// Replies returns how many bytes are queued for clients.
func (n *Node) Replies() int64 { return n.replies.Load() }
