package command

import (
	"cmp"
	"context"
	"flag"
	"io"
	"syscall"
	"testing"
	"time"

	"chandy/internal/explore"
	"chandy/netnode"
	"chandy/snapshot"
	"chandy/wire"
)

var killCount = flag.Int("kills", 0, "how many times TestCyclesOfKillAndRecovery kills nodes of each program, and TestACounterThroughKills those of the counter; zero means a few times, with some programs")

// kills is a cluster of which nodes are killed at any moment. It goes back to its newest
// saved snapshot by itself.
type kills struct {
	*cycles
	newest  *savedCut   // saved in the current epoch; nil if none is
	pending *pendingCut // nil if none is
	byHand  snapshot.ID // to which somebody restores by hand meanwhile; empty if nobody does
	took    []time.Duration
}

// pendingCut is a snapshot that was being saved when nodes were killed.
type pendingCut struct {
	began uint64      // on the clock of requests
	id    snapshot.ID // set if the client was told that it is saved
	ended bool        // a node has saved it before nodes were killed, and told nobody its id
}

// A cluster with recovery runs under load, and one or several of its nodes are killed at any
// moment, also during a save, a restore by hand and a recovery, and after a planned stop of
// a node. When they have started again, the cluster goes on from the newest saved snapshot
// within recoveryMax. It never loses one of which a client was told that it is saved, nor
// one that a planned stop has saved. The programs conserve what they must, and what became
// of the requests of clients is as in [TestCyclesOfSaveAndRestore].
func TestCyclesOfKillAndRecovery(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	for _, p := range []conserved{conservedBank(), conservedToken(), conservedServices(), conservedChildren(t)} {
		n := p.short
		if *killCount > 0 {
			n = *killCount
		} else if explore.Race {
			n /= 3
		}
		if n > 0 {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				k := newKills(t, p)
				k.underLoad(n, k.cycle)
				k.report()
			})
		}
	}
}

// newKills starts a cluster with recovery, and saves its first snapshot.
func newKills(t *testing.T, p conserved) *kills {
	k := &kills{cycles: newCycles(t, p, "[snapshot]\nrecover = \"latest\"\n")}
	for _, v := range k.nodes {
		v.permitted = "snapshot not saved"
	}
	k.launch()
	k.epoch = k.any().status().Epoch
	k.save()
	return k
}

func (k *kills) save() {
	k.newest = k.take(wire.InitiateRequest{Save: true})
}

// cycle runs, kills nodes, starts them again, and checks where the cluster has gone.
func (k *kills) cycle() {
	k.work()
	if k.random.IntN(2) == 0 {
		k.save()
		k.work()
	}
	if k.ctx.Err() != nil {
		return
	}
	began := k.line.tick()
	end := func() {}
	switch k.random.IntN(5) {
	case 0:
		end = k.saveMeanwhile()
		pause(k.ctx, time.Duration(k.random.IntN(60))*time.Millisecond)
	case 1:
		end = k.restoreMeanwhile()
		pause(k.ctx, time.Duration(k.random.IntN(150))*time.Millisecond)
	case 2:
		k.pending = &pendingCut{began: k.line.tick(), ended: true} // the node saves before it ends
		k.any().end(syscall.SIGTERM)
		k.count("planned stops", 1)
	}
	k.kill()
	last := k.startAll()
	epoch, held := k.awaitRecovery(last)
	end()
	k.follow(began, epoch, held)
	k.take(wire.InitiateRequest{})
}

// kill kills one or several nodes, one after the other or nearly at once.
func (k *kills) kill() {
	for _, i := range k.random.Perm(len(k.nodes))[:1+k.random.IntN(len(k.nodes))] {
		k.nodes[i].end(syscall.SIGKILL)
		if k.random.IntN(2) == 0 {
			pause(k.ctx, time.Duration(k.random.IntN(20))*time.Millisecond)
		}
	}
	k.count("kills", 1)
}

// startAll starts the nodes that were killed, in any order. Now and then it kills some
// again meanwhile. It returns when the last one was started.
func (k *kills) startAll() (last time.Time) {
	for again := 0; k.ctx.Err() == nil; {
		var dead []*victim
		for _, v := range k.nodes {
			if !v.up.Load() {
				dead = append(dead, v)
			}
		}
		if len(dead) == 0 {
			return last
		}
		last = time.Now()
		dead[k.random.IntN(len(dead))].start()
		if again < 2 && k.random.IntN(6) == 0 {
			again++
			pause(k.ctx, time.Duration(k.random.IntN(150))*time.Millisecond)
			k.kill()
			k.count("kills during a recovery", 1)
		}
	}
	return last
}

// saveMeanwhile begins to save a snapshot. The function that it returns ends that.
func (k *kills) saveMeanwhile() (end func()) {
	p := &pendingCut{began: k.line.tick()}
	k.pending = p
	return k.meanwhile(func(ctx context.Context, client *netnode.Client) {
		end, err := client.InitiateWith(ctx, wire.InitiateRequest{Save: true, Light: true, TimeoutMS: meanwhileTimeout.Milliseconds()}, io.Discard, nil)
		if err == nil && end.Saved != nil && end.Saved.Error == "" {
			p.id = end.ID
		}
	})
}

// restoreMeanwhile begins to restore the newest snapshot by hand.
func (k *kills) restoreMeanwhile() (end func()) {
	to := cmp.Or(k.newest, k.base)
	k.byHand = to.ID
	request := k.restoring(to.ID)
	request.TimeoutMS = meanwhileTimeout.Milliseconds()
	return k.meanwhile(func(ctx context.Context, client *netnode.Client) { client.Restore(ctx, request, nil) })
}

// meanwhileTimeout bounds what a client asks for while nodes are killed.
const meanwhileTimeout = 3 * time.Second

// meanwhile calls f with a client of some node, which may be dead. The function that it
// returns ends that.
func (k *kills) meanwhile(f func(context.Context, *netnode.Client)) (end func()) {
	ctx, cancel := context.WithCancel(k.ctx)
	done := make(chan struct{})
	v := k.any()
	go func() {
		defer close(done)
		if client, err := netnode.DialClient(ctx, k.cluster, v.id, netnode.TCP{}); err == nil {
			defer client.Close()
			f(ctx, client)
		}
	}()
	return func() {
		cancel()
		<-done
	}
}
