package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"chandy/internal/saved"
	"chandy/internal/store"
	"chandy/internal/store/storetest"
)

// TestAnErrorOfTheFileSystemIsStorageFailed lets each call fail once, or from then on, with
// the errors of a full disk, a broken one and a read-only one. After that the next save
// works.
func TestAnErrorOfTheFileSystemIsStorageFailed(t *testing.T) {
	for _, cause := range []error{syscall.ENOSPC, syscall.EIO, syscall.EROFS} {
		writes := map[string]bool{"temp": true, "write": true, "fsync": true, "link": true, "rename": true, "mkdir": true}
		failures := 0
		step := map[error]int{syscall.ENOSPC: 1, syscall.EROFS: 3, syscall.EIO: 5}[cause] // few of EIO change anything
		for k := 1; ; k += step {
			disk := newMemoryDisk()
			begin(t, store.FolderOn("/d/store", disk))
			calls, last := 0, ""
			s := store.New(store.FolderOn("/d/store", failingDisk{disk, func(op, path string) error {
				if !writes[op] && cause != syscall.EIO || op == "fsync" && cause == syscall.EROFS || op == "readdir" || op == "open" {
					return nil
				}
				if calls++; calls < k || calls > k && cause == syscall.EIO {
					return nil
				}
				last = op + " " + path
				return cause
			}}), "bank")
			done, err := course(t, s)
			if last == "" {
				break
			}
			var failed *store.FailedError
			switch {
			case err == nil && cause == syscall.EIO && strings.Contains(last, "remove"): // of a temporary file
			case !errors.As(err, &failed) || !errors.Is(err, cause) || !strings.HasPrefix(err.Error(), "storage failed: "):
				t.Fatalf("%v in call %d (%s): got %v, want a FailedError with the cause", cause, k, last, err)
			default:
				failures++
			}
			if err := checkAfter(store.New(store.FolderOn("/d/store", disk), "bank"), done); err != nil {
				t.Fatalf("%v in call %d (%s), after %d steps: %v", cause, k, last, done, err)
			}
		}
		if failures < 15 {
			t.Errorf("%v: %d calls failed, want 15 or more", cause, failures)
		}
	}
}

// TestAFailureOfTheStoreNeverMakesASnapshotAbsent: each operation of reading fails once.
func TestAFailureOfTheStoreNeverMakesASnapshotAbsent(t *testing.T) {
	m := new(storetest.Memory)
	begin(t, m.Open(nil))
	slow := errors.New("no answer within 5 s")
	for name, read := range map[string]func(s *store.Store) error{
		"reading":  func(s *store.Store) error { _, err := s.Reading(); return err },
		"latest":   func(s *store.Store) error { _, err := s.Find("latest"); return err },
		"find":     func(s *store.Store) error { _, err := s.Find("good"); return err },
		"list":     func(s *store.Store) error { _, err := s.List(); return err },
		"manifest": func(s *store.Store) error { _, _, err := s.Manifest(testID(1)); return err },
		"part":     func(s *store.Store) error { _, err := s.OpenPart(testID(1), "p1"); return err },
		"size":     func(s *store.Store) error { _, err := s.Size(); return err },
	} {
		for k := 1; ; k++ {
			failed := false
			err := read(store.New(m.Clone().Open(func(o storetest.Operation) *storetest.Fault {
				if o.Number != k {
					return nil
				}
				failed = true
				return &storetest.Fault{Err: slow}
			}), "bank"))
			if !failed {
				break
			}
			var storage *store.FailedError
			if !errors.As(err, &storage) || !errors.Is(err, slow) {
				t.Errorf("%s, operation %d fails: got %v, want a FailedError", name, k, err)
			}
		}
	}
}

func TestAnErrorOfAProgramIsNoFailureOfTheStore(t *testing.T) {
	_, s := newStore(t)
	p := testPart(testID(1), "p1")
	p.Out[0].Messages = nil
	_, err := s.PutPart(testID(1), "p1", p.Encode)
	var failed *store.FailedError
	if err == nil || errors.As(err, &failed) {
		t.Errorf("got %v, want an error of the part", err)
	}
}

// TestCorruptionIsAKindOfItsOwn changes each kind of record, and removes a part.
func TestCorruptionIsAKindOfItsOwn(t *testing.T) {
	m, s := newStore(t)
	must(t, save(s, 1, testID(1), ""))
	must(t, s.Keep(testID(1), 2))
	_, _, err := s.Decide(commit(t, s, 2, testID(1)))
	must(t, err)
	snapshots := "snapshots/" + string(testID(1))
	for name, read := range map[string]func(s *store.Store) error{
		"chandy-store":                     func(s *store.Store) error { _, err := s.ID(); return err },
		"epochs/2":                         func(s *store.Store) error { _, err := s.Reading(); return err },
		snapshots + "/manifest":            func(s *store.Store) error { _, _, err := s.Manifest(testID(1)); return err },
		snapshots + "/parts/p1":            func(s *store.Store) error { return check(s, testID(1)) },
		"fate/" + string(testID(1)) + ".1": func(s *store.Store) error { return s.Keep(testID(1), 3) },
	} {
		content := m.Content(name)
		m := m.Clone()
		changed := bytes.Clone(content)
		changed[len(changed)/3] ^= 4
		m.Set(name, changed)
		err := read(store.New(m.Open(nil), "bank"))
		var corrupt *saved.CorruptError
		if !errors.As(err, &corrupt) || !strings.Contains(err.Error(), "corrupt") {
			t.Errorf("%s: got %v, want a CorruptError", name, err)
		}
	}
	c := m.Clone()
	c.Set(snapshots+"/parts/p2", nil)
	err = check(store.New(c.Open(nil), "bank"), testID(1))
	if got, want := fmt.Sprint(err), snapshots+"/parts/p2 is corrupt: it is missing"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// Without the record of its number a snapshot is still there.
	c = m.Clone()
	c.Set("numbers/1/1", []byte("x"))
	s = store.New(c.Open(nil), "bank")
	must(t, check(s, testID(1)))
	want(t, s, "1 1.1 saved base")
	must(t, save(s, 1, testID(2), ""))
	_, err = s.Prune(5)
	must(t, err)
	must(t, check(s, testID(1)))
}

// realFolder returns the path of a store in a real folder, with snapshot 1.
func realFolder(t testing.TB) string {
	root := filepath.Join(t.TempDir(), ".chandy", "store")
	begin(t, store.Folder(root))
	return root
}

func TestARealFolderHoldsAStore(t *testing.T) {
	root := realFolder(t)
	s := store.New(store.Folder(root), "bank")
	if done, err := course(t, s); err != nil {
		t.Fatalf("after %d steps: %v", done, err)
	}
	must(t, checkAfter(s, 5))
	must(t, filepath.WalkDir(filepath.Dir(root), func(path string, d fs.DirEntry, err error) error {
		must(t, err)
		info, err := d.Info()
		must(t, err)
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", path, info.Mode().Perm(), want)
		}
		if strings.HasPrefix(path, filepath.Join(root, ".tmp")+"/") {
			t.Errorf("%s was left", path)
		}
		return nil
	}))
}

// unsynced is the real file system without the wait for the disk.
type unsynced struct{ store.SystemDisk }

func (unsynced) SyncFolder(string) error { return nil }

func (d unsynced) Temp(folder string) (store.TempFile, error) {
	file, err := d.SystemDisk.Temp(folder)
	return unsyncedFile{file}, err
}

type unsyncedFile struct{ store.TempFile }

func (unsyncedFile) Sync() error { return nil }

func TestARealFolderSurvivesCrashesAtItsCalls(t *testing.T) {
	for k := 1; ; k += 11 {
		root := filepath.Join(t.TempDir(), "store")
		begin(t, store.FolderOn(root, unsynced{}))
		calls := 0
		done, err := course(t, store.New(store.FolderOn(root, failingDisk{unsynced{}, func(op, path string) error {
			if calls++; calls < k {
				return nil
			}
			return errors.New("crashed")
		}}), "bank"))
		if e := checkAfter(store.New(store.FolderOn(root, unsynced{}), "bank"), done); e != nil {
			t.Fatalf("crash before call %d, after %d steps: %v", k, done, e)
		}
		if err == nil {
			break
		}
	}
}

func TestAFolderThatVanishesIsNotMadeAgain(t *testing.T) {
	root := realFolder(t)
	s := store.New(store.Folder(root), "bank")
	_, err := s.ID()
	must(t, err)
	must(t, os.RemoveAll(root))
	for range 2 { // also if an empty folder comes in its place, as where a disk was mounted
		err := save(s, 1, testID(2), "")
		var failed *store.FailedError
		if !errors.As(err, &failed) || !strings.HasSuffix(err.Error(), "it has vanished") {
			t.Errorf("got %v, want that it has vanished", err)
		}
		if _, err := s.Reading(); !errors.As(err, &failed) {
			t.Errorf("reading: got %v, want a FailedError", err)
		}
		_ = os.Mkdir(root, 0o700)
	}
	names, err := os.ReadDir(root)
	if len(names) > 0 || err != nil {
		t.Errorf("got %v, %v in the folder, want nothing", names, err)
	}
	// A part that is being written when the folder vanishes fails too.
	must(t, os.RemoveAll(filepath.Dir(root)))
	begin(t, store.Folder(root))
	s = store.New(store.Folder(root), "bank")
	_, err = s.PutPart(testID(2), "p1", func(w io.Writer) (saved.Summary, error) {
		must(t, os.RemoveAll(root))
		return testPart(testID(2), "p1").Encode(w)
	})
	var failed *store.FailedError
	if !errors.As(err, &failed) {
		t.Errorf("a part: got %v, want a FailedError", err)
	}
	if _, err := os.Stat(root); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is there again: %v", err)
	}
}

// TestGarbageInTheFolderIsLeftOut lists a store among files that are not its own, and
// changes nothing.
func TestGarbageInTheFolderIsLeftOut(t *testing.T) {
	root := realFolder(t)
	for _, name := range []string{
		".DS_Store", "lost+found/x", "README", "numbers/x/1", "numbers/1/07", "numbers/1/a", "numbers/1/1.tmp", "numbers/0/0", "numbers/9",
		"snapshots/notes", "snapshots/x y/manifest", "snapshots/abc/manifest", "snapshots/" + string(testID(1)) + "/parts/.nfs01", "epochs/x", "epochs/1.run",
		"epochs/007", "fate/x", "fate/x.y", "fate/x.0", ".tmp/123", "snapshots/" + string(testID(5)) + "/manifest/x", "epochs/9/9",
	} {
		path := filepath.Join(root, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, []byte("garbage"), 0o600))
	}
	must(t, os.Symlink("/nowhere", filepath.Join(root, "epochs", "5")))
	before := tree(t, root)
	s := store.New(store.Folder(root), "bank")
	want(t, s, "1 1.1 saved")
	must(t, check(s, testID(1)))
	if id, err := s.Find("latest"); id != testID(1) || err != nil {
		t.Errorf("latest is %s, %v, want %s", id, err, testID(1))
	}
	if r, err := s.Reading(); err != nil || r.Decided != 1 {
		t.Errorf("got %+v, %v, want nothing decided", r, err)
	}
	if after := tree(t, root); after != before {
		t.Errorf("the folder changed from\n%s\nto\n%s", before, after)
	}
	_, err := s.Prune(5)
	must(t, err)
	must(t, check(s, testID(1)))
	for _, name := range []string{".DS_Store", "lost+found/x", "README", "numbers/1/07", "snapshots/x y/manifest", "epochs/x", "fate/x"} {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			t.Errorf("pruned: got %v, want that %s stays", err, name)
		}
	}
	objects, err := store.Folder(root).List("")
	must(t, err)
	for _, o := range objects {
		if strings.ContainsAny(o.Name, " +") || strings.HasPrefix(o.Name, ".") || strings.Contains(o.Name, "/.") {
			t.Errorf("%s was listed, want that it is left out", o.Name)
		}
	}
}

// tree returns all files of a folder with their content.
func tree(t testing.TB, root string) string {
	var b strings.Builder
	must(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		must(t, err)
		info, err := d.Info()
		must(t, err)
		fmt.Fprintf(&b, "%s %v %v", strings.TrimPrefix(path, root), info.Mode(), info.ModTime().UnixNano())
		if d.Type().IsRegular() {
			content, err := os.ReadFile(path)
			must(t, err)
			fmt.Fprintf(&b, " %q", content)
		}
		b.WriteString("\n")
		return nil
	}))
	return b.String()
}

func TestPruneRemovesOldTemporaryFiles(t *testing.T) {
	root := realFolder(t)
	for name, age := range map[string]time.Duration{"old": 2 * time.Hour, "new": time.Minute} {
		path := filepath.Join(root, ".tmp", name)
		must(t, os.WriteFile(path, []byte("half a part"), 0o600))
		must(t, os.Chtimes(path, time.Time{}, time.Now().Add(-age)))
	}
	_, err := store.New(store.Folder(root), "bank").Prune(1)
	must(t, err)
	entries, err := os.ReadDir(filepath.Join(root, ".tmp"))
	if len(entries) != 1 || entries[0].Name() != "new" || err != nil {
		t.Errorf("got %v, %v, want new only: somebody may be writing it", entries, err)
	}
}

// TestAFullDisk saves on a real file system of 128 KiB until it is full, and again when
// there is space.
func TestAFullDisk(t *testing.T) {
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("needs root on Linux, to mount a small file system")
	}
	root := t.TempDir()
	unmount, err := mountSmall(root, 128<<10)
	if err != nil {
		t.Skip("cannot mount a small file system: ", err)
	}
	defer unmount()
	store1 := filepath.Join(root, "store")
	begin(t, store.Folder(store1))
	ballast := filepath.Join(root, "ballast")
	full := os.WriteFile(ballast, make([]byte, 1<<20), 0o600)
	if !errors.Is(full, syscall.ENOSPC) {
		t.Fatalf("1 MiB on 128 KiB: got %v, want %v", full, syscall.ENOSPC)
	}
	s := store.New(store.Folder(store1), "bank")
	err = save(s, 1, testID(2), "")
	var failed *store.FailedError
	if !errors.As(err, &failed) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v, want a FailedError with %v", err, syscall.ENOSPC)
	}
	must(t, check(s, testID(1)))
	must(t, os.Remove(ballast))
	must(t, checkAfter(s, 0))
}

// TestAReadOnlyDisk lists and reads a store on a real file system that is read-only.
func TestAReadOnlyDisk(t *testing.T) {
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("needs root on Linux, to mount a small file system")
	}
	root := t.TempDir()
	unmount, err := mountSmall(root, 128<<10)
	if err != nil {
		t.Skip("cannot mount a small file system: ", err)
	}
	defer unmount()
	s := store.New(store.Folder(filepath.Join(root, "store")), "bank")
	begin(t, store.Folder(s.String()))
	must(t, remountReadOnly(root))
	want(t, s, "1 1.1 saved")
	must(t, check(s, testID(1)))
	if r, err := s.Reading(); err != nil || r.Newest == nil {
		t.Errorf("got %+v, %v, want snapshot 1", r, err)
	}
	var failed *store.FailedError
	if err := save(s, 1, testID(2), ""); !errors.As(err, &failed) || !errors.Is(err, syscall.EROFS) {
		t.Errorf("got %v, want a FailedError with %v", err, syscall.EROFS)
	}
	if _, err := s.Prune(0); !errors.As(err, &failed) {
		t.Errorf("prune: got %v, want a FailedError", err)
	}
}
