package sim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"chandy/internal/saved"
	"chandy/wire"
)

// RunRestores runs the random cluster of a seed. Clients save and restore at any moment,
// sometimes two at once. Nodes crash in the middle of restores, and the store is slow, fails
// and loses what was not made durable. Connections break too, see [Run].
//
// Once faults end, all processes must soon run in the newest epoch of the store. They must
// never have received a message that does not belong to their line of history. As long as no
// process has begun anew in the middle of an epoch, each message of the line must have
// arrived exactly once.
func RunRestores(seed uint64, story func(string)) (Result, error) {
	return perform(seed, withRestores, story, (*runner).restores)
}

// restores plays such a run. At the end a dry run must change nothing, and a restore without
// faults must succeed.
func (r *runner) restores() error {
	if err := r.troubled(10, r.actOfRestores); err != nil {
		return err
	}
	if err := r.dryRun(); err != nil {
		return err
	}
	return r.goBack(r.lastSaved)
}

// orderMax bounds the time until the decision on a restore.
const orderMax = 4 * time.Second

// troubled runs the cluster while act lets a client or a fault do something, as often as atLeast
// says or some times more. Then everything must be as it should.
func (r *runner) troubled(atLeast int, act func()) error {
	r.lines = &lines{epochs: map[uint64]*line{}, exact: true}
	r.slow = time.Duration(pick(r.random, 0, 20, 200, 2000)) * time.Millisecond
	r.failOdds = pick(r.random, 0, 0, 100, 30)
	r.calm = r.slow == 0 && r.failOdds == 0
	r.startAll()
	r.world.run(time.Duration(100+r.random.IntN(400)) * time.Millisecond)
	if r.random.IntN(2) == 0 { // else there are faults before all programs have begun
		if err := r.settle(false); err != nil {
			return err
		}
	}
	r.save()
	r.world.run(r.now + 300*time.Millisecond + r.slow)
	pause := time.Duration(pick(r.random, 200, 400, 1000)) * time.Millisecond
	for range atLeast + r.random.IntN(15) {
		act()
		r.world.run(r.now + time.Duration(r.random.Int64N(int64(pause))))
		if err := r.checkPromises(); err != nil {
			return err
		}
	}
	r.ambush, r.slow, r.failOdds, r.away = 0, 0, 0, 0
	quiet := r.now
	if err := r.settle(false); err != nil {
		return err
	}
	r.result.Settled = r.now - quiet
	r.world.run(max(r.now, quiet+orderMax)) // until no process is bound to a proposal of a dead one
	if err := r.settle(false, append(r.orders, r.saves...)...); err != nil {
		return err
	}
	if err := r.checkPromises(); err != nil {
		return err
	}
	r.count()
	return r.saveAtEnd()
}

// count fills the result.
func (r *runner) count() {
	r.result.Epochs = len(r.lines.epochs)
	for _, one := range r.lines.epochs {
		r.result.Sent += one.sent
		r.result.Received += one.received
		if one.commit.Kind == saved.Recovery {
			r.result.Recoveries++
		}
	}
	slices.Sort(r.crashes)
	for _, one := range r.crashes {
		r.result.Crashes += one + "\n"
	}
}

// saveAtEnd saves a snapshot of a cluster that has settled. It must be complete. The first ones
// may be partial: where channels are few, only a snapshot shows an assembler that another
// process has restarted, one process at a time.
func (r *runner) saveAtEnd() error {
	for try := 1; r.lastSaved == ""; try++ {
		one := r.ask(r.anybody(), wire.InitiateRequest{TimeoutMS: timeout.Milliseconds(), Compact: true, Save: true})
		if err := r.settle(false, one); err != nil {
			return err
		}
		r.taken = []*asked{one}
		if err := r.finish(try > 2*len(r.cluster.Processes)); err != nil {
			return err
		}
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
