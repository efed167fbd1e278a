package sim

import (
	"fmt"
	"slices"

	"chandy/internal/core"
	"chandy/internal/saved"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// lines has each epoch that a node has adopted. From an epoch the line of history leads back
// to the epoch in which its base was saved, and so on.
type lines struct {
	epochs map[uint64]*line
	newest uint64
	// exact is set while no process has begun anew in the middle of an epoch. Then every
	// message of the line arrives exactly once.
	exact bool
}

// line is one epoch.
type line struct {
	number, parent uint64 // parent is 0 if it began from the initial state
	base           uint64 // number of its base within parent, 0 if that was made from another one
	commit         saved.Decision
	cut            map[snapshot.Channel]saved.Channel // of the base
	sent, received int                                // messages
}

// adopted checks that the store has the commit of an epoch that the node adopts. With
// recovery, no program begins by itself.
func (n *node) adopted(number uint64, role string) {
	w := n.world
	if number <= n.epoch {
		w.fail("%s adopts epoch %d after epoch %d", n.id, number, n.epoch)
	}
	n.epoch = number
	l := w.lines
	if l == nil {
		return
	}
	if l.epochs[number] == nil {
		one, err := w.line(number)
		if err != nil {
			w.fail("%s adopts epoch %d: %w", n.id, number, err)
			return
		}
		l.epochs[number] = one
		l.newest = max(l.newest, number)
	}
	if listed := slices.Contains(l.epochs[number].commit.Voters, n.self); listed != (role == "listed") || role == "initial" && w.options.Recover {
		w.fail("%s goes to epoch %d as %s, and the commit has the voters %v", n.id, number, role, l.epochs[number].commit.Voters)
	}
	if r, err := w.reader().Reading(); l.newest > 1 && (err != nil || r.Epoch() < l.newest) {
		w.fail("the store is in epoch %d (%w), but a process has been in epoch %d", r.Epoch(), err, l.newest)
	}
}

// checkAccepted checks that a node accepts a connection of its own epoch only. It may have gone
// to another one within the step.
func (n *node) checkAccepted(conn core.ConnID) {
	one := n.ends[conn]
	if one == nil || one.hello.Role != wire.RoleChannel && one.hello.Role != wire.RoleAssembly {
		return
	}
	if e := one.hello.Epoch; e < n.before || e > n.epoch {
		n.world.fail("%s accepts a connection of epoch %d in epoch %d", n.id, e, n.epoch)
	}
}

// checkHeld checks that a process has restarted if a node holds its program for that reason.
func (n *node) checkHeld(because snapshot.ProcessID) {
	if l := n.world.lines; l != nil && slices.Contains(l.epochs[n.epoch].commit.Voters, n.world.nodes[because].self) {
		n.world.fail("%s holds in epoch %d because %s restarted, which has not", n.id, n.epoch, because)
	}
}

// line reads from the store how an epoch began.
func (w *world) line(number uint64) (*line, error) {
	one := &line{number: number, cut: map[snapshot.Channel]saved.Channel{}}
	if number == 1 {
		return one, nil
	}
	var d saved.Decision
	if err := saved.Open(w.store.Content(fmt.Sprintf("epochs/%d", number)), &d); err != nil {
		return nil, err
	}
	if d.Verdict != saved.Commit {
		return nil, fmt.Errorf("the store has the verdict %q, want a commit", d.Verdict)
	}
	if one.commit = d; d.Snapshot == "" {
		return one, nil
	}
	m, _, err := w.reader().Manifest(d.Snapshot)
	if err != nil {
		return nil, err
	}
	one.parent, one.base = m.Epoch, m.Number
	for _, c := range m.Channels {
		one.cut[snapshot.Channel{From: c.From, To: c.To}] = c
	}
	return one, nil
}

// origin returns the epoch in which a message was sent that belongs to the line of an epoch.
func (l *lines) origin(epoch uint64, c snapshot.Channel, seq uint64) uint64 {
	for l.epochs[epoch] != nil && seq <= l.epochs[epoch].cut[c].Sent {
		epoch = l.epochs[epoch].parent
	}
	return epoch
}

// leads reports whether the line of an epoch leads to another one.
func (l *lines) leads(epoch, to uint64) bool {
	for epoch > to && l.epochs[epoch] != nil {
		epoch = l.epochs[epoch].parent
	}
	return epoch == to
}

// numbered is a program whose messages say in which epoch they were sent, and their number
// on their channel. It checks them when they arrive.
type numbered struct {
	program.Program
	node           *node
	restored       bool
	line           *line
	sent, received map[snapshot.ProcessID]uint64
}

// TakeOrigin notes that the instance is restored.
func (p *numbered) TakeOrigin(program.Origin) { p.restored = true }

// Start starts the program with a Process that numbers.
func (p *numbered) Start(process program.Process) {
	p.line = p.node.world.lines.epochs[p.node.epoch]
	p.sent, p.received = map[snapshot.ProcessID]uint64{}, map[snapshot.ProcessID]uint64{}
	if p.restored {
		for c, counts := range p.line.cut {
			if c.From == p.node.id {
				p.sent[c.To] = counts.Sent
			}
			if c.To == p.node.id {
				p.received[c.From] = counts.Received
			}
		}
	}
	p.Program.Start(numbering{process, p})
}

type numbering struct {
	program.Process
	program *numbered
}

const numberedFormat = `{"at":[%d,%d],`

func (n numbering) Send(to snapshot.ProcessID, payload []byte) error {
	p := n.program
	if to.IsClient() {
		return n.Process.Send(to, payload)
	}
	p.node.mayRun(p.line)
	p.line.sent++
	p.sent[to]++
	return n.Process.Send(to, append(fmt.Appendf(nil, numberedFormat, p.line.number, p.sent[to]), payload[1:]...))
}

// Receive checks where a message comes from.
func (p *numbered) Receive(from snapshot.ProcessID, payload []byte) {
	if !from.IsClient() {
		p.check(from, payload)
	}
	p.Program.Receive(from, payload)
}

func (p *numbered) check(from snapshot.ProcessID, payload []byte) {
	w, c := p.node.world, snapshot.Channel{From: from, To: p.node.id}
	var epoch, seq uint64
	if _, err := fmt.Sscanf(string(payload[:min(len(payload), 64)]), numberedFormat, &epoch, &seq); err != nil {
		w.fail("%s: got the message %.64q: %w", c, payload, err)
		return
	}
	p.node.mayRun(p.line)
	p.line.received++
	p.received[from]++
	l := w.lines
	if !l.leads(p.line.number, epoch) {
		w.fail("%s: got message %d of epoch %d in epoch %d, whose line of history does not have it", c, seq, epoch, p.line.number)
	}
	if want := p.received[from]; l.exact && (seq != want || epoch != l.origin(p.line.number, c, seq)) {
		w.fail("%s: got message %d of epoch %d in epoch %d, want message %d of epoch %d", c, seq, epoch, p.line.number, want, l.origin(p.line.number, c, want))
	}
}
