package sim

import (
	"slices"
	"time"

	"chandy/internal/store"
	"chandy/snapshot"
	"chandy/wire"
)

// actOfRestores lets a client or a fault do something.
func (r *runner) actOfRestores() {
	switch n := r.random.IntN(16); {
	case n < 4:
		r.save()
	case n < 11:
		r.restoreAny()
	case n < 12:
		r.crashAny()
	default:
		r.disturb()
	}
}

// actOfRecoveries lets a client or a fault do something.
func (r *runner) actOfRecoveries() {
	switch n := r.random.IntN(16); {
	case n < 7:
		r.save()
	case n < 9:
		r.restoreAny()
	case n < 11:
		r.crashAny()
	case n < 13:
		r.stopAny()
	default:
		r.disturb()
	}
	if r.random.IntN(5) == 0 {
		r.lieInAmbush()
	}
}

// disturb lets a client resume, or plants a fault that ends no process.
func (r *runner) disturb() {
	switch r.random.IntN(5) {
	case 0:
		r.orders = append(r.orders, r.resume(r.anybody()))
	case 1:
		r.partitions = append(r.partitions, partition{
			from: r.now, until: r.now + r.short(), some: r.some(), oneWay: r.random.IntN(2) == 0,
		})
	case 2:
		r.freeze(r.anybody(), r.now+r.short())
	case 3:
		r.away, r.calm = r.now+2*r.short(), false
		r.tell("fault: the store is away until %v", r.away)
	default:
		r.cutOne(r.random.Uint64())
	}
}

// actOfStops lets a client save, or processes stop, mostly after all have come back.
func (r *runner) actOfStops() {
	switch r.random.IntN(4) {
	case 0:
		r.save()
	case 1:
		r.stopAny()
	default:
		r.world.run(r.now + 4*time.Second)
		r.stopAny()
	}
	if r.random.IntN(8) == 0 {
		r.lieInAmbush()
	}
}

// resume lets a client resume a process.
func (r *runner) resume(at snapshot.ProcessID) *asked {
	r.calm = false
	clear(r.heldToStop)
	return r.ask(at, wire.ResumeRequest{})
}

// anybodyUp returns a process whose node runs, if there is one.
func (r *runner) anybodyUp() snapshot.ProcessID {
	at := r.anybody()
	for range r.cluster.Processes {
		if !r.nodes[at].down {
			break
		}
		at = r.anybody()
	}
	return at
}

// save lets a client save a snapshot.
func (r *runner) save() {
	r.saves = append(r.saves, r.ask(r.anybodyUp(), wire.InitiateRequest{TimeoutMS: timeout.Milliseconds(), Save: true, Light: true}))
}

// restoreAny lets a client restore a random snapshot, and sometimes another client at another
// node restore one at about the same time. A node may crash in that.
func (r *runner) restoreAny() {
	if len(r.store.Names()) == 0 {
		return
	}
	all, err := r.reader().List()
	if err != nil {
		return // there is no store yet
	}
	all = slices.DeleteFunc(all, func(e store.Entry) bool { return e.State != store.Saved })
	if len(all) == 0 {
		return
	}
	rivals := 1
	if r.random.IntN(3) == 0 {
		rivals = 2
	}
	for range rivals {
		one, at := all[r.random.IntN(len(all))], r.anybody()
		request := wire.RestoreRequest{
			Snapshot: one.ID, Manifest: one.SHA256, Hold: r.random.IntN(4) == 0, DryRun: r.random.IntN(6) == 0,
			TimeoutMS: 300 + r.random.Int64N(orderMax.Milliseconds()-300),
		}
		r.after(time.Duration(r.random.IntN(20))*time.Millisecond, func() {
			if n := r.nodes[at]; !n.down {
				r.tell("%s is asked to restore %s", at, one.ID)
				r.orders = append(r.orders, r.ask(at, request))
			}
		})
	}
	r.lieInAmbush()
}

// lieInAmbush lets a node crash in one of the next steps of restores and saves. Few of them
// store a decision, so one ambush of four waits for that.
func (r *runner) lieInAmbush() {
	if r.ambush > 0 {
		return
	}
	if r.decisive = r.random.IntN(4) == 0; r.decisive {
		r.ambush = 1
		return
	}
	r.ambush = 1 + r.random.IntN(10*len(r.cluster.Processes))
}

// crashAny lets one node crash, or several, or all of them.
func (r *runner) crashAny() {
	switch r.random.IntN(4) {
	case 0:
		r.loseAll()
	case 1:
		for _, id := range r.some() {
			r.crashSoon(id, time.Second)
		}
	default:
		r.crashSoon(r.anybody(), 500*time.Millisecond)
	}
}
