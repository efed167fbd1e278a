package bench

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"chandy/internal/store"
	"chandy/netnode"
	"chandy/snapshot"
	"chandy/wire"
)

// stateSizes are the sizes of the states that are saved and restored, in bytes.
var stateSizes = []int{1 << 20, 64 << 20, hugeState}

const (
	hugeState = 768 << 20 // bytes
	hugeRuns  = 3         // at most, of a state of hugeState bytes
	// smallState is the state of the processes beside the large one, in bytes.
	smallState = 100
	// storeMax is the time-out of a save and of a restore in milliseconds, for slow disks.
	storeMax = 150_000
)

// withStore calls f with the folder of a new store, in the folder for temporary files, and
// removes it.
func withStore(f func(dir string) error) error {
	dir, err := os.MkdirTemp("", "chandy-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if _, err := openStore(dir).Create("bench"); err != nil {
		return err
	}
	return f(dir)
}

func openStore(dir string) *store.Store { return store.New(store.Folder(dir), clusterName) }

// save saves a snapshot, without a document.
func save(ctx context.Context, client *netnode.Client) (snapshot.ID, error) {
	end, err := client.InitiateWith(ctx, wire.InitiateRequest{Save: true, Light: true, TimeoutMS: storeMax}, io.Discard, nil)
	switch {
	case err != nil:
		return "", err
	case end.Saved == nil || end.Saved.Error != "":
		return "", fmt.Errorf("snapshot %s is %s and not saved: %+v", end.ID, end.Status, end.Saved)
	}
	return end.ID, nil
}

// restorer returns a function that restores a snapshot of the store in dir.
func restorer(ctx context.Context, client *netnode.Client, dir string, id snapshot.ID) (func() error, error) {
	_, sha256, err := openStore(dir).Manifest(id)
	if err != nil {
		return nil, err
	}
	request := wire.RestoreRequest{Snapshot: id, Manifest: sha256, TimeoutMS: storeMax}
	return func() error {
		_, err := client.Restore(ctx, request, nil)
		return err
	}, nil
}

// stateRuns prepares the runs with a state of n bytes: it returns the length of the state,
// and the options for it. It returns false if there is no room, and then the benchmark is
// skipped.
func stateRuns(o *Options, title string, n int) (state int, _ *Options, ok bool) {
	state = o.messages(n)
	few := *o
	if n == hugeState {
		few.Runs = min(few.Runs, hugeRuns)
	}
	// On the disk are the part and the file of the reference, in memory the old and the new
	// state.
	need := uint64(2*state + 256<<20)
	if why := room(os.TempDir(), need, need); why != "" {
		o.Skipped(title + ": " + why)
		return 0, nil, false
	}
	return state, &few, true
}

// withState starts a cluster whose first process has a state of the given length and the
// others a small one. It calls f with a client of a small process, and with the folder of
// the store.
func withState(ctx context.Context, o *Options, state int, f func(c *largeCluster, client *netnode.Client, dir string) error) error {
	return withStates(ctx, o, job{}, []int{state, smallState, smallState}, f)
}

// withStates is withState for any states. The job has the settings of the cluster.
func withStates(ctx context.Context, o *Options, j job, states []int, f func(c *largeCluster, client *netnode.Client, dir string) error) error {
	return withStore(func(dir string) error {
		j.Store = dir
		c, err := startLarge(ctx, o, j, states...)
		if err != nil {
			return err
		}
		defer c.stop()
		client, err := c.client(ctx, 1)
		if err != nil {
			return err
		}
		defer client.Close()
		return f(c, client, dir)
	})
}

// partPath returns the path of the part of the first process.
func partPath(dir string, id snapshot.ID) string {
	return filepath.Join(dir, "snapshots", string(id), "parts", string(name(0)))
}

// plainWrite writes a state of n bytes to a new file in dir, and syncs it.
func plainWrite(dir string, n int) error {
	f, err := os.CreateTemp(dir, "plain")
	if err != nil {
		return err
	}
	return errors.Join(writeState(f, n), f.Sync(), f.Close())
}

// plainRead reads a file into one buffer again and again.
func plainRead(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	b := make([]byte, 256<<10)
	for {
		if _, err := f.Read(b); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// hashedRead reads a file into new memory, and computes its sha256.
func hashedRead(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	sum := sha256.New()
	for b := make([]byte, info.Size()); len(b) > 0; {
		n, err := f.Read(b[:min(len(b), 256<<10)])
		if err != nil {
			return err
		}
		sum.Write(b[:n])
		b = b[n:]
	}
	return nil
}
