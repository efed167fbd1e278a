package store_test

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	"chandy/internal/store"
)

// TestWhatAFolderShowsStays: one node crashes between a change and its sync. Another one
// sees the change. Then the machine crashes.
func TestWhatAFolderShowsStays(t *testing.T) {
	const name = "epochs/2"
	for change, make := range map[string]func(o store.Objects) error{
		"create": func(o store.Objects) error { return o.Create(name, []byte("commit")) },
		"put": func(o store.Objects) error {
			return o.Put(name, func(w io.Writer) error {
				_, err := io.WriteString(w, "commit")
				return err
			})
		},
		"delete": func(o store.Objects) error { return o.Delete(name) },
	} {
		for show, look := range map[string]func(o store.Objects) bool{
			"get": func(o store.Objects) bool {
				r, err := o.Get(name)
				if err == nil {
					must(t, r.Close())
				}
				return err == nil
			},
			"list": func(o store.Objects) bool {
				objects, err := o.List("epochs/")
				must(t, err)
				return len(objects) > 0
			},
			"create": func(o store.Objects) bool {
				return errors.Is(o.Create(name, []byte("abort")), fs.ErrExist)
			},
		} {
			disk := newMemoryDisk()
			whole := store.FolderOn("/d/store", disk)
			must(t, whole.Create("chandy-store", nil))
			if change == "delete" {
				must(t, whole.Create(name, []byte("commit")))
			}
			changed := false
			err := make(store.FolderOn("/d/store", failingDisk{disk, func(op, path string) error {
				if changed && op == "fsync" {
					return errors.New("crashed")
				}
				changed = changed || (op == "link" || op == "rename" || op == "remove") && strings.HasSuffix(path, name)
				return nil
			}}))
			if err == nil || !changed {
				t.Fatalf("%s: got %v, changed %v, want a crash after the change", change, err, changed)
			}
			was := look(whole)
			if was != (change != "delete") {
				t.Errorf("%s, %s: shows the object: %v", change, show, was)
			}
			disk.crash(nil)
			if is := look(whole); is != was && show != "create" {
				t.Errorf("%s, %s: shown %v before the crash, %v after it", change, show, was, is)
			}
			if r, err := whole.Get(name); show == "create" {
				must(t, err)
				content, err := io.ReadAll(r)
				if want := map[bool]string{true: "commit", false: "abort"}[was]; string(content) != want || err != nil {
					t.Errorf("%s, create: got %q, %v after the crash, want %q", change, content, err, want)
				}
			}
		}
	}
}

func TestAWriterThatFailsLeavesNoObject(t *testing.T) {
	o := store.FolderOn("/d/store", newMemoryDisk())
	must(t, o.Create("chandy-store", nil))
	failed := errors.New("out of ink")
	err := o.Put("snapshots/a/parts/p1", func(w io.Writer) error {
		_, _ = w.Write([]byte("half"))
		return failed
	})
	if !errors.Is(err, failed) {
		t.Errorf("got %v, want %v", err, failed)
	}
	if _, err := o.Get("snapshots/a/parts/p1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
	for _, name := range []string{"", "/x", "x/", "../x", "a//b", ".tmp/x", "a/.b", "a b"} {
		if err := o.Create(name, nil); err == nil {
			t.Errorf("%q was created", name)
		}
		if _, err := o.Get(name); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("get %q: got %v, want that it cannot be a name", name, err)
		}
		if err := o.Delete(name); err == nil {
			t.Errorf("%q was deleted", name)
		}
	}
}
