package command

import (
	"errors"

	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
	"chandy/internal/store"
	"chandy/snapshot"
)

func (e *env) remove() *cli.Command {
	return &cli.Command{
		Name:      "remove",
		Usage:     "remove a saved snapshot",
		ArgsUsage: "SNAP",
		Flags: []cli.Flag{clusterFlag(),
			&cli.BoolFlag{Name: "force", Usage: "remove it even if it has a name, or is being saved"}},
		CustomHelpTemplate: `usage: chandy remove [flags] SNAP

Removes a saved snapshot from the store. SNAP is its id, its name, or latest. By its
id, one that is failed, corrupt or unfinished is removed too.

The base of the current epoch stays, and so does a snapshot that is kept for a
restore in progress: the cluster could not go on without it.

It asks no node. In a cluster with [tls] it needs the certificate of a client with
the role admin all the same, so that nobody removes a snapshot by mistake.

{flags}

exit codes: 0 removed; 1 it stays, and why; 2 bad usage, or no such snapshot; 3 the
store cannot be used.

example:
  chandy remove --force before-upgrade
`,
		Action: func(c *cli.Context) error {
			if err := arguments(c, 1, 1, "SNAP"); err != nil {
				return err
			}
			snap := c.Args().First()
			if snap == now || snap == "-" || snap == "" {
				return fail(exitUsage, "chandy snapshots lists them", "remove needs a saved snapshot, not %q", snap)
			}
			cluster, err := cmdline.LoadCluster(c)
			if err != nil {
				return err
			}
			if err := needsAdmin("remove", cluster); err != nil {
				return err
			}
			return e.removeSnap(storeOf(cluster), snap, c.Bool("force"))
		},
	}
}

func (e *env) removeSnap(s *store.Store, snap string, force bool) error {
	entry, err := findEntry(s, snap)
	if err == nil {
		err = s.Remove(entry.ID, force)
	}
	var held *store.HeldError
	switch {
	case errors.As(err, &held) && !force && !entry.Base && entry.KeptFor == 0:
		return fail(exitNo, "chandy remove --force removes it", "%w", err)
	case errors.As(err, &held):
		return fail(exitNo, "", "%w", err)
	case err != nil:
		return storeFailure(err)
	}
	printLine(e.Stderr, "chandy: removed %s", entry.ID)
	return nil
}

// findEntry finds a snapshot that need not be saved. An id comes before a name.
func findEntry(s *store.Store, snap string) (store.Entry, error) {
	if snap == latest {
		id, err := s.Find(latest)
		if err != nil {
			return store.Entry{}, err
		}
		snap = string(id)
	}
	entries, err := s.List()
	if err != nil {
		return store.Entry{}, err
	}
	for _, e := range entries {
		if e.ID == snapshot.ID(snap) {
			return e, nil
		}
	}
	for _, e := range entries {
		if e.Name == snap && e.State != store.Failed {
			return e, nil
		}
	}
	return store.Entry{}, &store.NotFoundError{Snap: snap}
}
