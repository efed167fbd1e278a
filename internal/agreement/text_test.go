package agreement

import (
	"fmt"
	"strings"
)

// text renders a move.
func (x *explorer) text(w world, m move) string {
	n := x.node(w, int(m.process))
	who := string(n.incarnation())
	name := [...]string{"", "receives", "receives a copy of", "loses", "store:", "store at once:", "store fails, not done:", "store fails, done later:",
		"late for a dead process:", "lost for a dead process:", "crashes", "crashes, losing what it asked of the store", "remover looks", "remover removes", "early:", "late:", "a minute has passed since the commit"}[m.does]
	var what string
	op := func(o operation) string {
		if o.kind == creates {
			return Create{x.decisions.All[o.arg], o.makes}.String()
		}
		return fmt.Sprintf("%s %s %d", o.kind, o.id, o.arg)
	}
	switch e := m.event; {
	case m.does == loses:
		p := x.networks.All[w.network].packets[m.arg]
		what = fmt.Sprintf("%s from %s", x.messages.All[p.message], x.processes[p.from])
	case m.does == orphanActs || m.does == orphanLost:
		what = op(x.networks.All[w.network].orphans[m.arg])
	case m.does == crashes || m.does == crashesLosing || m.does == looksToRemove || m.does == removesNow || m.does == ages:
	case e.kind == receives:
		what = fmt.Sprintf("%s from %s", x.messages.All[e.arg], x.processes[e.more])
	case m.does == operates || m.does == answersAtOnce || e.kind == answers || e.kind == fails:
		what = op(n.ops[e.arg])
		if e.kind == answers || e.kind == fails {
			name += " answer:"
		}
	case e.kind == rings:
		what = AlarmName(e.arg).String() + " rings"
	case e.kind == hears:
		what = fmt.Sprintf("hears %s in epoch %d", incarnation(x.processes[e.arg], uint8(e.more>>8)), e.more&0xff)
	default:
		what = [...]string{isLoaded: "has loaded", isNotLoaded: "cannot load", orders: "is ordered to restore", resumes: "resumes", saveBegins: "saves", mounts: "mounts the store"}[e.kind]
	}
	return strings.Join(strings.Fields(who+" "+name+" "+what), " ")
}
