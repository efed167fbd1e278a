package command

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"chandy/internal/clustertest"
	"chandy/internal/explore"
	"chandy/netnode"
	"chandy/wire"
)

// Clients increment a counter while nodes are killed, each one increment after the other.
// They try an increment again that is answered with error 14. One whose connection ends may
// have happened, which is error 13, so they do not try it again. At each snapshot,
// no attempt that was answered with 14 counts, and no increment counts twice. The counter
// is at least the number of increments that have happened for certain, and at most those
// and the ones that may have.
func TestACounterThroughKills(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	t.Parallel()
	n := 5
	if *killCount > 0 {
		n = *killCount
	} else if explore.Race {
		n = 2
	}
	k := newKills(t, conserved{
		name: "counter", file: tallyTable, processes: []string{"n1", "n2", "n3"}, ask: addKey,
		holds: func(c *cycles, s *clustertest.Snapshot, at uint64) error {
			if err := c.checkTallies(s, at); err != nil {
				return err
			}
			return c.line.checkCounter(at, tallyOf(s.Process("n1")).Keys)
		},
	})
	ctx, stop := context.WithCancel(k.ctx)
	var counting sync.WaitGroup
	var number atomic.Int64
	for i := range 4 {
		random := k.attack.random("counter", i)
		counting.Go(func() { k.increment(ctx, random, &number) })
	}
	for range n {
		if k.ctx.Err() == nil {
			k.cycle()
		}
	}
	stop()
	counting.Wait()
	k.take(wire.InitiateRequest{})
	k.report()
	t.Logf("seed %d: %v", k.seed, k.figures)
}

// increment increments the counter of the first process until ctx is done. The increments
// of all clients together are numbered.
func (k *kills) increment(ctx context.Context, random *rand.Rand, number *atomic.Int64) {
	v := k.nodes[0]
	k.call(ctx, v, func(client *netnode.Client) error {
		for ctx.Err() == nil {
			k.count("increments", 1)
			for n, again := int(number.Add(1)), true; again; {
				r := k.line.begin(v.id)
				k.line.attempts(r, n)
				after := random.IntN(2) * random.IntN(60) // so that it is open at a cut, and when nodes are killed
				if err := k.finish(client, v, r, after); err != nil {
					k.count("increments that may have happened", 1)
					return err
				}
				again = r.reply.Code == 14
			}
		}
		return nil
	})
}

// attempts notes which increment of a counter a request attempts.
func (l *requests) attempts(r *request, increment int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.increment = increment
}

// checkCounter compares the keys of a counter with what became of the increments.
func (l *requests) checkCounter(before uint64, keys []string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := map[string]bool{}
	for _, key := range keys {
		counts[key] = true
	}
	counted, fates := map[int]string{}, map[int]fate{}
	for _, r := range l.all {
		if r.increment == 0 {
			continue
		}
		if earlier := counted[r.increment]; counts[r.key] && earlier != "" {
			return fmt.Errorf("increment %d: got it counted twice, as %s and %s, want it once", r.increment, earlier, r.key)
		} else if counts[r.key] {
			counted[r.increment] = r.key
		}
		is := fateUnclear
		if r.ended > 0 && r.ended < before {
			is = l.judge(r)
		}
		if was, ok := fates[r.increment]; !ok || was == fateUndone || is == fateDone {
			fates[r.increment] = is
		}
	}
	least, most := 0, 0
	for _, f := range fates {
		switch f {
		case fateDone:
			least++
			most++
		case fateUnclear:
			most++
		}
	}
	if n := len(counted); n < least || n > most {
		return fmt.Errorf("got %d increments counted, want %d to %d", n, least, most)
	}
	return nil
}
