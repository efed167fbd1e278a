package command

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"chandy/netnode"
	"chandy/wire"
)

const quickBank = "[program]\nkind = \"bank\"\ntransfers_per_second = 200\n"

// save saves a snapshot and returns why it could not be saved.
func (v *victim) save() (why string) {
	v.with(func(ctx context.Context, c *netnode.Client) error {
		end, err := c.InitiateWith(ctx, wire.InitiateRequest{Save: true, Light: true, TimeoutMS: fleetPatience.Milliseconds()}, nil, nil)
		var refused *wire.ErrorReply
		switch {
		case errors.As(err, &refused):
			why = refused.Error()
		case err != nil:
			return err
		case end.Saved == nil:
			return fmt.Errorf("got the end %+v, want what became of the saving", end)
		default:
			why = end.Saved.Error
		}
		return nil
	})
	return why
}

// saves saves a snapshot, which must succeed, or fail with a text.
func (v *victim) saves(when, want string) {
	v.t.Helper()
	if got := v.save(); want == "" && got != "" || !strings.Contains(got, want) {
		v.t.Errorf("%s, %s saves a snapshot: got the error %q, want %q", when, v.id, got, want)
	}
}

// runsOn checks that the cluster goes on as if nothing had been saved.
func (v *victim) runsOn(when string) {
	v.t.Helper()
	s := v.initiate(wire.InitiateRequest{})
	if s == nil {
		return
	}
	if err := conserves(s, "balance", "amount", 3000); err != nil || s.Epoch != 1 {
		v.t.Errorf("%s: got epoch %d and error %v, want epoch 1 and none", when, s.Epoch, err)
	}
}

func TestAClusterRunsOnWhenItsStoreFails(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	mounted := syscall.Mount("chandy", disk, "tmpfs", 0, "size=1m") == nil
	if mounted {
		t.Cleanup(func() { syscall.Unmount(disk, syscall.MNT_DETACH) })
	}
	a := newFleet(t, fmt.Sprintf("%s[snapshot]\nstore = %q\n", quickBank, filepath.Join(disk, "store")), "p1", "p2", "p3")
	for _, v := range a.nodes {
		v.permitted = "snapshot not saved"
	}
	a.launch()
	fails := func(what string, begin, end func() error) {
		v := a.nodes[a.random(what, 0).IntN(len(a.nodes))]
		v.saves("before "+what, "")
		if err := begin(); err != nil {
			t.Fatal(err)
		}
		v.saves(what, "storage failed")
		v.runsOn(what)
		if s := v.status().Saves; s == nil || s.Failures != 1 || !strings.Contains(s.Error, "storage failed") {
			t.Errorf("%s: got the status %+v of %s, want 1 failure", what, s, v.id)
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
		v.saves("after "+what, "")
		v.runsOn("after " + what)
	}
	away := filepath.Join(disk, "away")
	fails("without its folder",
		func() error { return os.Rename(filepath.Join(disk, "store"), away) },
		func() error { return os.Rename(away, filepath.Join(disk, "store")) })
	if !mounted {
		t.Log("without a full disk and a read-only one: this user cannot mount")
		return
	}
	for pages := range int64(4) { // so that the number fits, a part, …
		fails(fmt.Sprintf("on a disk with %d free pages", pages),
			func() error {
				if err := os.WriteFile(away, make([]byte, 2<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
					return fmt.Errorf("got error %v, want a full disk", err)
				}
				full, err := os.Stat(away)
				if err != nil {
					return err
				}
				return os.Truncate(away, full.Size()-pages*int64(os.Getpagesize()))
			},
			func() error { return os.Remove(away) })
	}
	fails("on a disk that is read only",
		func() error { return readOnly(disk) },
		func() error { return syscall.Mount("", disk, "", syscall.MS_REMOUNT, "size=1m") })
}

// readOnly makes a mounted disk read-only, as soon as no node has a file there open for writing.
// A node may still write what it does beside the saves: the kernel says that the disk is busy.
func readOnly(disk string) error {
	for limit := time.Now().Add(fleetPatience); ; runtime.Gosched() {
		err := syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
		if !errors.Is(err, syscall.EBUSY) || time.Now().After(limit) {
			return err
		}
	}
}

func TestASaveNamesANodeWithAnotherStore(t *testing.T) {
	t.Parallel()
	a := newFleet(t, quickBank, "p1", "p2", "p3")
	text, err := os.ReadFile(a.nodes[1].file)
	if err != nil {
		t.Fatal(err)
	}
	a.nodes[1].file = filepath.Join(t.TempDir(), "cluster.toml")
	writeTo(t, a.nodes[1].file, string(text))
	for _, v := range a.nodes {
		v.permitted = "snapshot not saved"
	}
	a.launch()
	a.nodes[0].saves("at first", "p2 has another store: there is none yet where it looks, and the id of that of p1 is ")
	a.nodes[0].runsOn("after a save without p2")
	a.nodes[1].saves("with a store that others have", "p1 has another store: its id is ")
	a.nodes[2].saves("with a store that p2 has not", "p2 has another store: its id is ")
	a.nodes[2].runsOn("after all")
}

func TestADryRunChangesNothing(t *testing.T) {
	t.Parallel()
	a := newFleet(t, quickBank, "p1", "p2", "p3")
	a.launch()
	saved := a.nodes[1].initiate(wire.InitiateRequest{Save: true})
	for _, v := range a.nodes {
		v.with(func(ctx context.Context, c *netnode.Client) error {
			_, err := c.Call(ctx, json.RawMessage(`{"type":"pause"}`))
			return err
		})
	}
	quiet := a.nodes[0].initiate(wire.InitiateRequest{})
	for quiet != nil && quiet.InFlight() > 0 {
		quiet = a.nodes[0].initiate(wire.InitiateRequest{})
	}
	if quiet == nil {
		return
	}
	files := contents(t, a.cluster.StorePath())
	request := a.restoring(saved.ID)
	request.DryRun = true
	for _, v := range a.nodes {
		v.with(func(ctx context.Context, c *netnode.Client) error {
			reply, err := c.Restore(ctx, request, nil)
			if err == nil && (len(reply.Votes) != 3 || strings.Contains(fmt.Sprint(reply.Votes), "could not")) {
				err = fmt.Errorf("got %+v, want three votes", reply)
			}
			return err
		})
		s := a.nodes[2].initiate(wire.InitiateRequest{})
		if s == nil {
			return
		}
		if err := same(quiet, s); err != nil || s.Epoch != 1 {
			t.Errorf("after a dry run of %s: got epoch %d and %v, want epoch 1 and the same state", v.id, s.Epoch, err)
		}
		if got := contents(t, a.cluster.StorePath()); !maps.Equal(got, files) {
			t.Errorf("after a dry run of %s: got the files %v, want %v", v.id, got, files)
		}
	}
}

// contents returns the hashes of all files in a folder.
func contents(t *testing.T, dir string) map[string][sha256.Size]byte {
	t.Helper()
	all := map[string][sha256.Size]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		all[path] = sha256.Sum256(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
