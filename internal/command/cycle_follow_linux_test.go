package command

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"chandy/internal/agreement"
	"chandy/internal/clustertest"
	"chandy/internal/saved"
	"chandy/internal/snapfile"
	"chandy/netnode"
	"chandy/snapshot"
)

// recoveryMax is how long a recovery may take, from the start of the last node until all
// channels are up and all programs run in the new epoch.
const recoveryMax = 10 * time.Second

// awaitRecovery returns the epoch that all processes have, and whether it is held. The last
// node was started at a time.
func (k *kills) awaitRecovery(last time.Time) (epoch uint64, held bool) {
	for k.ctx.Err() == nil {
		k.awaitChannels()
		epochs := map[uint64]bool{}
		for _, v := range k.nodes {
			s := v.status()
			epoch, held = s.Epoch, s.Held
			epochs[epoch] = true
		}
		took := time.Since(last)
		if took > recoveryMax {
			k.fail("seed %d: got the epochs %v %v after the last start, want one after %d within %v", k.seed, epochs, took, k.epoch, recoveryMax)
		}
		if len(epochs) == 1 && epoch > k.epoch { // else a node has not noticed yet that another one has restarted
			k.took = append(k.took, took)
			break
		}
	}
	return epoch, held
}

// follow checks each decision since the last one, up to the current epoch. Nodes were killed
// from began on. An epoch is held only because of a recovery loop. It is resumed.
func (k *kills) follow(began, epoch uint64, held bool) {
	loop := false
	for n := k.epoch + 1; n <= epoch && k.ctx.Err() == nil; n++ {
		d, err := k.decision(n)
		if err == nil && d.Verdict == saved.Commit {
			loop = loop || len(agreement.Looping(d.Crashes)) > 0
			err = k.wentTo(d, began)
		}
		if err != nil {
			k.fail("seed %d: decision %d: %v", k.seed, n, err)
		}
	}
	k.pending, k.byHand = nil, ""
	if held != loop {
		k.fail("seed %d: epoch %d: got held %v, want %v as the decisions say", k.seed, epoch, held, loop)
	}
	if held {
		k.count("recovery loops resumed", 1)
		k.any().with(func(ctx context.Context, client *netnode.Client) error { return client.Resume(ctx) })
	}
}

// decision reads a decision from the store.
func (k *kills) decision(n uint64) (d saved.Decision, err error) {
	text, err := os.ReadFile(filepath.Join(k.cluster.StorePath(), "epochs", fmt.Sprint(n)))
	if err == nil {
		err = saved.Open(text, &d)
	}
	return d, err
}

// wentTo takes a commit into the history. A recovery must go to the newest saved snapshot.
func (k *kills) wentTo(d saved.Decision, began uint64) error {
	to := cmp.Or(k.newest, k.base)
	known := to.ID == d.Snapshot
	switch p := k.pending; {
	case d.Ends != k.epoch:
		return fmt.Errorf("got a commit that ends epoch %d, want %d", d.Ends, k.epoch)
	case d.Kind == saved.ByHand && d.Snapshot != k.byHand:
		return fmt.Errorf("got a restore by hand to %s, want to %s", d.Snapshot, k.byHand)
	case d.Kind == saved.ByHand:
		k.count("restores by hand that were decided", 1)
	case p != nil && p.id != "" && p.id != d.Snapshot:
		return fmt.Errorf("got a recovery to %s, want to %s, which is saved", d.Snapshot, p.id)
	case p != nil && p.ended && known:
		return fmt.Errorf("got a recovery to %s, want to the snapshot that was saved by the planned stop", d.Snapshot)
	case p != nil && !known:
		cut, err := k.fromStore(d.Snapshot, p.began)
		if err != nil {
			return err
		}
		to = cut
		k.count("recoveries to a snapshot that was being saved", 1)
	case !known:
		return fmt.Errorf("got a recovery to %s, want to %s", d.Snapshot, to.ID)
	}
	k.line.wentBack(to, began, d.Number)
	k.base, k.newest, k.pending, k.epoch = to, nil, nil, d.Number
	k.count("epochs", 1)
	return nil
}

// fromStore reads a snapshot from the store and checks it. It was begun at a time.
func (k *kills) fromStore(id snapshot.ID, began uint64) (*savedCut, error) {
	var text bytes.Buffer
	d, err := snapfile.Open(storeOf(k.cluster), id)
	if err == nil {
		err = d.WriteJSON(&text, false)
	}
	cut := &savedCut{began: began, ended: k.line.tick()}
	if err == nil {
		cut.Snapshot, err = clustertest.Read(text.Bytes())
	}
	if err == nil {
		err = k.holds(k.cycles, cut.Snapshot, began)
	}
	return cut, err
}

// report logs how long the recoveries took. How long they take for idle processes is measured
// by chandy bench --only recover/.
func (k *kills) report() {
	slices.Sort(k.took)
	if n := len(k.took); n > 0 {
		k.t.Logf("recovered after the last start in %v in the median, %v at most", k.took[n/2].Round(time.Millisecond), k.took[n-1].Round(time.Millisecond))
	}
}
