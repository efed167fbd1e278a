package command

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"chandy/internal/cert"
	"chandy/internal/clustertest"
	"chandy/internal/config"
	"chandy/internal/explore"
	"chandy/netnode"
	"chandy/snapshot"
	"chandy/wire"
)

var raiders = flag.Int("raiders", 250, "how many connections TestRaid makes; a quarter of them under the race detector")

const (
	// raidersAtOnce is how many connections of raiders are open at once. Many stay for 5 s.
	raidersAtOnce = 300
	// raidGrowth is how many KiB of memory a node may grow by under attack.
	raidGrowth = 64 << 10
	// backWithin is how long an honest peer may take to be back after its connections broke.
	backWithin = time.Second
)

// raid is a cluster with TLS and a node without TLS, under attack. The connections of p2 to
// p1 go through a relay, which cuts them.
type raid struct {
	*attack
	p1, p2, plain *victim
	relay         *relay
	dir           string // of the certificates
	clientHello   []byte // the first bytes of an honest client
	recorded      []byte // all bytes that an honest client sent
}

// TestRaid attacks a node with TLS and one without: with no certificate, and with that of a
// client of the lowest role. The raiders dial from 127.0.0.2 and up.
//
//   - The attacked nodes grow by less than 64 MiB.
//   - Each snapshot of an honest client is complete.
//   - An honest peer whose connections break is back within a second, in nine of ten cases:
//     the raiders take the processors from it too.
//   - No node ends by itself or logs an error.
func TestRaid(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	t.Parallel() // it waits more than it computes
	r := newRaid(t)
	n := *raiders
	if explore.Race {
		n /= 4
	}
	r.snapshot()
	before := map[*victim]usage{r.p1: r.p1.usage(), r.plain: r.plain.usage()}
	ctx, finish := context.WithCancel(r.ctx)
	var honest sync.WaitGroup
	snapshots, back := 0, []time.Duration(nil)
	honest.Go(func() {
		for ctx.Err() == nil {
			r.snapshot()
			snapshots++
			pause(ctx, 200*time.Millisecond)
		}
	})
	honest.Go(func() {
		for ctx.Err() == nil {
			back = append(back, r.reconnect())
			pause(ctx, 300*time.Millisecond)
		}
	})
	r.attackWith(n)
	finish()
	honest.Wait()
	if r.ctx.Err() != nil {
		return
	}
	for v, was := range before {
		is := v.usage()
		ran, waited := v.processor()
		t.Logf("%s: %v before, %v after; ran for %v, and waited for a processor for %v", v.id, was, is, ran, waited)
		if grown := is.peak - was.resident; grown >= raidGrowth {
			t.Errorf("%s: got %d KiB more memory under attack, want less than %d", v.id, grown, raidGrowth)
		}
	}
	slices.Sort(back)
	t.Logf("%d raiders, %d snapshots, %d reconnects, half of them within %v, the slowest within %v; %v", n, snapshots, len(back), back[len(back)/2], back[len(back)-1], r.figures)
	if most := back[(len(back)-1)*9/10]; most > backWithin {
		t.Errorf("got an honest peer back after up to %v in nine of ten cases, want at most %v", most, backWithin)
	}
	for _, v := range r.nodes {
		v.end(syscall.SIGTERM)
	}
}

// processor returns how long all threads of the node have run, and how long they waited for
// a processor: a node that mostly waits is slow because of its neighbours.
func (v *victim) processor() (ran, waited time.Duration) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", v.cmd.Process.Pid))
	for _, name := range threads {
		var on, off time.Duration
		b, _ := os.ReadFile(name)
		fmt.Sscan(string(b), &on, &off)
		ran, waited = ran+on, waited+off
	}
	return ran.Round(time.Millisecond), waited.Round(time.Millisecond)
}

// newRaid starts the nodes and records an honest client.
func newRaid(t *testing.T) *raid {
	t.Helper()
	a := &attack{t: t, seed: clustertest.Seed(t), figures: map[string]int{}}
	t.Logf("seed %d", a.seed)
	a.ctx, a.cancel = context.WithCancelCause(t.Context())
	r := &raid{attack: a, dir: t.TempDir()}
	clustertest.Certify(t, r.dir, cert.Plan{Cluster: "raid", Now: time.Now(), Validity: 24 * time.Hour}, "p1", "p2")
	table := clustertest.TLSTable(r.dir, wire.ClientAdmin)
	home := t.TempDir()
	make := func(name string, id snapshot.ProcessID) *victim {
		log, err := os.Create(filepath.Join(home, name+".log"))
		if err != nil {
			t.Fatal(err)
		}
		v := &victim{attack: a, id: id, address: "127.0.0.1:" + clustertest.FreePort(), file: filepath.Join(home, name+".toml"), log: log}
		a.nodes = append(a.nodes, v)
		return v
	}
	r.p1, r.p2, r.plain = make("p1", "p1"), make("p2", "p2"), make("plain", "p1")
	t.Cleanup(a.stop)
	var err error
	r.relay = newRelay(a.ctx, r.p1.address)
	file := func(p1 string) string {
		return fmt.Sprintf("name = \"raid\"\n[[process]]\nid = \"p1\"\naddress = %q\n[[process]]\nid = \"p2\"\naddress = %q\n[program]\nkind = \"bank\"\ntransfers_per_second = 100\n", p1, r.p2.address) + table
	}
	writeTo(t, r.p1.file, file(r.p1.address))
	writeTo(t, r.p2.file, file(r.relay.listener.Addr().String()))
	writeTo(t, r.plain.file, fmt.Sprintf("name = \"raid\"\n[[process]]\nid = \"p1\"\naddress = %q\n[program]\nkind = \"bank\"\n", r.plain.address))
	if a.cluster, err = config.Load(r.p1.file); err != nil {
		t.Fatal(err)
	}
	for _, v := range a.nodes {
		v.start()
	}
	r.record()
	return r
}

// snapshot takes a snapshot as an honest client, and waits for the channels first.
func (r *raid) snapshot() {
	ctx, cancel := context.WithTimeout(r.ctx, clientPatience)
	defer cancel()
	client, err := netnode.DialClient(ctx, r.cluster, "p1", netnode.TCP{})
	if err != nil {
		r.fail("honest client: got error %v, want none", err)
		return
	}
	defer client.Close()
	end, err := client.Initiate(ctx, nil, clientPatience, false, io.Discard, nil)
	if err != nil || end.Status != "complete" {
		r.fail("snapshot of an honest client: got %q, error %v, want complete", end.Status, err)
	}
}

// reconnect cuts the connections of p2 to p1 and returns how long p2 was away.
func (r *raid) reconnect() time.Duration {
	ctx, cancel := context.WithTimeout(r.ctx, clientPatience)
	defer cancel()
	client, err := netnode.DialClient(ctx, r.cluster, "p1", netnode.TCP{})
	if err != nil {
		r.fail("honest client: got error %v, want none", err)
		return 0
	}
	defer client.Close()
	reconnects := func() (n uint64, up bool) {
		s, err := client.Status(ctx)
		if err != nil {
			r.fail("status for an honest client: got error %v, want none", err)
			return 0, true
		}
		return s.Incoming[0].Reconnects, s.Incoming[0].Up
	}
	before, _ := reconnects()
	r.relay.cut()
	cut := time.Now()
	for r.ctx.Err() == nil {
		if now, up := reconnects(); up && now > before {
			return time.Since(cut)
		}
		pause(ctx, 5*time.Millisecond)
	}
	return 0
}

// attackWith makes n hostile connections and waits until they have ended.
func (r *raid) attackWith(n int) {
	var all sync.WaitGroup
	room := make(chan struct{}, raidersAtOnce)
	for i := range n {
		room <- struct{}{}
		if r.ctx.Err() != nil {
			break
		}
		all.Go(func() {
			defer func() { <-room }()
			random := r.random("raider", i)
			one := tricks[i%len(tricks)]
			to := r.p1
			if one.plain {
				to = r.plain
			}
			s, err := to.dial(r.ctx, random)
			if err != nil {
				r.fail("%s: dial %s: %v", one.name, to.id, err)
				return
			}
			defer s.Close()
			one.do(r, s)
			r.count(one.name, 1)
		})
	}
	all.Wait()
}
