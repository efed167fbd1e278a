package netnode

import "chandy/internal/core"

// Holdings calls f on the loop with [core.Core.Holdings].
func (n *Node) Holdings(f func(map[string]int)) {
	n.post(core.Called{F: func() { f(n.core.Holdings()) }})
}
