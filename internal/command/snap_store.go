package command

import (
	"bytes"
	"errors"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
	"chandy/internal/config"
	"chandy/internal/saved"
	"chandy/internal/snapfile"
	"chandy/internal/store"
	"chandy/snapshot"
)

// latest is the SNAP that means: the newest saved snapshot of the current epoch.
const latest = "latest"

// located is where the snapshot lies that SNAP names.
type located struct {
	title string // for people
	now   bool   // it is to be taken
	file  string // empty if it is in the store; - means stdin
	store *store.Store
	id    snapshot.ID
}

// locate finds out what SNAP means. An empty SNAP means now.
func locate(c *cli.Context, name string) (located, error) {
	switch {
	case name == now || name == "":
		return located{now: true}, nil
	case name == "-":
		return located{file: "-", title: "stdin"}, nil
	case strings.HasSuffix(name, ".json") || saved.CheckID(snapshot.ID(name)) != nil: // such as a path
		return located{file: name, title: name}, nil
	}
	info, err := os.Stat(name)
	isFile := name != latest && err == nil && !info.IsDir()
	cluster, err := cmdline.LoadCluster(c)
	if err != nil {
		if isFile || name != latest && c.String("cluster") == "" && !exists(config.Find("")) {
			return located{file: name, title: name}, nil
		}
		return located{}, err
	}
	s := storeOf(cluster)
	id, err := s.Find(name)
	switch {
	case isNotSaved(err) && (isFile || name != latest && errors.As(err, new(*store.AbsentError))):
		return located{file: name, title: name}, nil
	case isFile:
		return located{}, fail(exitUsage, "write ./"+name+" for the file, or the id of the saved snapshot", "%s is a file, and a saved snapshot too", name)
	case isNotSaved(err) && name != latest:
		return located{}, fail(exitUsage, "chandy snapshots lists the saved snapshots", "no file %s, and %w", name, err)
	case err != nil:
		return located{}, storeFailure(err)
	case name == latest:
		name = string(id)
	}
	return located{store: s, id: id, title: name}, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// storeOf returns the store of a cluster. It does not touch it.
func storeOf(cluster *config.Cluster) *store.Store {
	return store.New(store.Folder(cluster.StorePath()), cluster.Name)
}

// isNotSaved reports whether an error means that there is no such saved snapshot.
func isNotSaved(err error) bool {
	return errors.As(err, new(*store.AbsentError)) || errors.As(err, new(*store.NotFoundError))
}

// storeFailure returns the failure of a command that could not use a saved snapshot.
func storeFailure(err error) error {
	var failed *store.FailedError
	var corrupt *saved.CorruptError
	switch {
	case errors.As(err, &failed):
		return fail(exitUnknown, "try again: what is saved may be there", "%w", err)
	case errors.As(err, &corrupt):
		if lines := cmdline.ErrorLines(err); len(lines) > 1 {
			return failList(exitUnknown, corruptHint, lines, "the snapshot cannot be used:")
		}
		return fail(exitUnknown, corruptHint, "%w", err)
	case errors.As(err, new(*store.AbsentError)):
		return fail(exitUsage, "chandy initiate --save saves a snapshot", "%w", err)
	case isNotSaved(err):
		return fail(exitUsage, "chandy snapshots lists the saved snapshots", "%w", err)
	}
	return fail(exitUsage, "", "%w", err)
}

const corruptHint = "chandy snapshots lists the others; chandy remove --force ID removes this one"

// text returns the document of a saved snapshot.
func (p located) text() ([]byte, error) {
	d, err := snapfile.Open(p.store, p.id)
	if err != nil {
		return nil, storeFailure(err)
	}
	bytes := uint64(0)
	for _, one := range d.Processes {
		bytes += one.Part.Bytes
	}
	if bytes > snapfile.MemoryMax {
		return nil, fail(exitUsage, "chandy verify takes any size", "%s has %s, more than a document in memory may have: %s", p.title, size(int(bytes)), size(snapfile.MemoryMax))
	}
	return document(d, int(bytes))
}

// document returns a document of about so many bytes.
func document(d *snapfile.Saved, about int) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(about)
	if err := d.WriteJSON(&b, false); err != nil {
		return nil, storeFailure(err)
	}
	return b.Bytes(), nil
}
