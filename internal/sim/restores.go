package sim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"chandy/internal/agreement"
	"chandy/internal/store"
	"chandy/wire"
)

// RunRestores runs the random cluster of a seed. Clients save and restore at any moment,
// sometimes two at once. Nodes crash in the middle of restores, and the store is slow, fails
// and loses what was not made durable. Connections break too, see [Run].
//
// Once faults end, all processes must soon run in the newest epoch of the store. They must
// never have received a message that does not belong to their line of history. As long as no
// process has begun anew in the middle of an epoch, each message of the line must have
// arrived exactly once. With recovery, which half of the seeds have, none ever does.
func RunRestores(seed uint64, story func(string)) (Result, error) {
	return perform(seed, withRestores, story, (*runner).restores)
}

// restoresFor is about how long clients restore.
const restoresFor = 5 * time.Second

// orderMax bounds the time until the decision on a restore.
const orderMax = 4 * time.Second

func (r *runner) restores() error {
	r.lines = &lines{epochs: map[uint64]*line{}, exact: true}
	r.options = agreement.Options{Recover: r.random.IntN(2) == 0}
	r.slow = time.Duration(pick(r.random, 0, 20, 200, 2000)) * time.Millisecond
	r.failOdds = pick(r.random, 0, 0, 100, 30)
	r.startAll()
	r.world.run(time.Duration(100+r.random.IntN(400)) * time.Millisecond)
	r.save()
	r.world.run(r.now + 300*time.Millisecond + r.slow)
	for r.now < restoresFor {
		r.act()
		r.world.run(r.now + time.Duration(r.random.Int64N(int64(500*time.Millisecond))))
	}
	r.ambush, r.slow, r.failOdds = 0, 0, 0
	r.world.run(r.now + orderMax) // until no process is bound to a proposal of a dead one
	if err := r.settle(false, r.orders...); err != nil {
		return err
	}
	if err := r.afterRestores(); err != nil {
		return err
	}
	r.result.Epochs = len(r.lines.epochs)
	for _, one := range r.lines.epochs {
		r.result.Sent += one.sent
		r.result.Received += one.received
	}
	slices.Sort(r.crashes)
	r.result.Crashes = strings.Join(r.crashes, "\n")
	return nil
}

// act lets a client or a fault do something.
func (r *runner) act() {
	switch n := r.random.IntN(16); {
	case n < 4:
		r.save()
	case n < 11:
		r.restoreAny()
	case n < 12:
		r.orders = append(r.orders, r.ask(r.anybody(), wire.ResumeRequest{}))
	case n < 13:
		r.crashAny()
	case n < 14:
		r.partitions = append(r.partitions, partition{
			from: r.now, until: r.now + r.short(), some: r.some(), oneWay: r.random.IntN(2) == 0,
		})
	case n < 15:
		r.freeze(r.anybody(), r.now+r.short())
	default:
		r.cutOne(r.random.Uint64())
	}
}

// save lets a client save a snapshot.
func (r *runner) save() {
	r.ask(r.anybody(), wire.InitiateRequest{TimeoutMS: timeout.Milliseconds(), Save: true, Light: true})
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
	if r.ambush == 0 {
		r.ambush = 1 + r.random.IntN(10*len(r.cluster.Processes))
	}
}

// crashAny lets one node crash, or all of them.
func (r *runner) crashAny() {
	if r.random.IntN(3) == 0 {
		r.loseAll()
		return
	}
	if n := r.nodes[r.anybody()]; !n.down {
		r.tell("fault: %s crashes", n.id)
		r.restart(n, r.short())
	}
}

// abandonedAfter is longer than a save waits for another one of which nothing is heard.
const abandonedAfter = 20 * time.Second

// afterRestores checks a cluster that has settled: a snapshot is complete, a dry run changes
// nothing, and a restore without faults succeeds. The first snapshots may be partial: where
// channels are few, only a snapshot shows an assembler that another process has restarted, one
// process at a time.
func (r *runner) afterRestores() error {
	for try := 1; r.lastSaved == ""; try++ {
		one := r.ask(r.anybody(), wire.InitiateRequest{TimeoutMS: abandonedAfter.Milliseconds(), Compact: true, Save: true})
		if err := r.settle(false, one); err != nil {
			return err
		}
		r.taken = []*asked{one}
		if err := r.finish(try > 2*len(r.cluster.Processes)); err != nil {
			return err
		}
	}
	if err := r.dryRun(); err != nil {
		return err
	}
	if err := r.goBack(r.lastSaved); err != nil {
		return err
	}
	return r.world.err
}

// dryRun asks what a restore would do. Nothing may change.
func (r *runner) dryRun() error {
	r.world.run(r.now + time.Second) // until the store has been tidied up
	m, sha256, err := r.reader().Manifest(r.lastSaved)
	if err != nil {
		return err
	}
	before := r.objects()
	reply := r.ask(r.anybody(), wire.RestoreRequest{Snapshot: m.ID, Manifest: sha256, DryRun: true})
	if err := r.settle(false, reply); err != nil {
		return fmt.Errorf("dry run: %w", err)
	}
	var end wire.RestoreReply
	if err := json.Unmarshal(reply.end, &end); err != nil || reply.refused != "" {
		return fmt.Errorf("dry run: got %q %q (%w), want votes", reply.end, reply.refused, err)
	}
	yes := 0
	for _, v := range end.Votes {
		if v.No == "" {
			yes++
		}
	}
	if yes != len(r.cluster.Processes) || end.Epoch != 0 {
		return fmt.Errorf("dry run: got %s, want a yes of each process", reply.end)
	}
	if !maps.Equal(before, r.objects()) {
		return fmt.Errorf("dry run: got another content of the store afterwards, want the same: %v", r.store.Names())
	}
	return nil
}

// objects returns the content of the store.
func (r *runner) objects() map[string]string {
	all := map[string]string{}
	for _, name := range r.store.Names() {
		all[name] = string(r.store.Content(name))
	}
	return all
}
