package agreement

import (
	"cmp"
	"slices"

	"chandy/internal/explore"
	"chandy/internal/saved"
)

// This file changes and numbers the parts of a world.

func (x *explorer) queue(w *world, sent []packet) {
	if len(sent) == 0 {
		return
	}
	next := x.networks.All[w.network].clone()
	for _, p := range sent {
		if !slices.Contains(next.packets, p) { // another one is a copy
			next.packets = append(next.packets, p)
		}
	}
	w.network = x.net(next)
}

func (x *explorer) unqueue(w *world, i uint32) {
	next := x.networks.All[w.network].clone()
	next.packets = slices.Delete(next.packets, int(i), int(i)+1)
	w.network = x.net(next)
}

// orphan keeps the operations that may still happen although nobody waits for them.
func (x *explorer) orphan(w *world, ops []operation) {
	next := x.networks.All[w.network].clone()
	for _, o := range ops {
		if !o.done && (o.kind == creates || o.kind == saves || o.kind == runs) {
			next.orphans = append(next.orphans, o)
		}
	}
	w.network = x.net(next)
}

func (x *explorer) unorphan(w *world, i uint32) {
	next := x.networks.All[w.network].clone()
	next.orphans = slices.Delete(next.orphans, int(i), int(i)+1)
	w.network = x.net(next)
}

func (n *network) clone() *network {
	return &network{slices.Clone(n.packets), slices.Clone(n.orphans)}
}

func (s *storage) clone() *storage {
	next := &storage{}
	explore.Copy(next, s)
	return next
}

func (x *explorer) intern(l *local) uint32 {
	x.key = l.append(x.key[:0])
	return x.nodes.Number(x.key, func() *node { return &node{local: l} })
}

func (x *explorer) net(n *network) uint32 {
	slices.SortFunc(n.packets, func(a, b packet) int {
		return cmp.Or(cmp.Compare(a.to, b.to), cmp.Compare(a.from, b.from), cmp.Compare(a.message, b.message))
	})
	x.key = x.key[:0]
	for _, p := range n.packets {
		x.key = append(x.key, p.from, p.to, byte(p.message), byte(p.message>>8))
	}
	x.key = append(x.key, 0xff)
	for _, o := range n.orphans {
		x.key = append(x.key, byte(o.kind), byte(o.arg), byte(o.arg>>8))
		x.key = explore.AppendText(x.key, o.id)
	}
	return x.networks.Number(x.key, func() *network { return n })
}

func (x *explorer) storage(s *storage) uint32 {
	x.key = explore.Append(x.key[:0], s)
	return x.stores.Number(x.key, func() *storage { return s })
}

func (x *explorer) message(m Message) uint32 {
	switch m := m.(type) {
	case Propose:
		x.key = explore.Append(append(x.key[:0], 'p'), &m)
	case Vote:
		x.key = explore.Append(append(x.key[:0], 'v'), &m)
	case Look:
		x.key = explore.Append(append(x.key[:0], 'l'), &m)
	}
	return x.messages.Number(x.key, func() Message { return m })
}

func (x *explorer) decision(d saved.Decision) uint32 {
	x.key = explore.Append(x.key[:0], &d)
	return x.decisions.Number(x.key, func() saved.Decision { return d })
}

func (x *explorer) reading(r saved.Reading) uint32 {
	x.key = explore.Append(x.key[:0], &r)
	return x.readings.Number(x.key, func() saved.Reading { return r })
}
