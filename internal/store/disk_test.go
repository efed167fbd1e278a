package store_test

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"chandy/internal/store"
)

// memoryDisk is a file system in memory that forgets in a crash what was not synced: the
// bytes of a file, and the names in a folder, each on its own.
type memoryDisk struct {
	root    *node
	temps   int
	changes int // calls that changed what is seen, or what a crash leaves
}

// node is a file or a folder: as it is seen, and as it is on the disk.
type node struct {
	folder                bool
	names, durableNames   map[string]*node
	content, durableBytes []byte
}

func newFolder() *node {
	return &node{folder: true, names: map[string]*node{}, durableNames: map[string]*node{}}
}

// newMemoryDisk returns a disk with the folder "/d".
func newMemoryDisk() *memoryDisk {
	d := &memoryDisk{root: newFolder()}
	d.root.names["d"] = newFolder()
	d.root.durableNames["d"] = d.root.names["d"]
	return d
}

// crash forgets what was not synced: all of it, or with random some of it.
func (d *memoryDisk) crash(random *rand.Rand) { d.root.crash(random) }

func (n *node) crash(random *rand.Rand) {
	if !n.folder {
		if !bytes.Equal(n.content, n.durableBytes) {
			if random != nil {
				n.durableBytes = n.content[:random.IntN(len(n.content)+1)]
			}
			n.content = n.durableBytes
		}
		return
	}
	after := maps.Clone(n.durableNames)
	if random != nil {
		all := maps.Clone(n.names)
		maps.Copy(all, n.durableNames)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if random.IntN(2) == 0 {
				continue
			}
			if seen := n.names[name]; seen != nil {
				after[name] = seen
			} else {
				delete(after, name)
			}
		}
	}
	n.names, n.durableNames = after, maps.Clone(after)
	for _, name := range slices.Sorted(maps.Keys(after)) {
		after[name].crash(random)
	}
}

func fail(op, path string, err error) error { return &fs.PathError{Op: op, Path: path, Err: err} }

// find returns a node, or nil.
func (d *memoryDisk) find(path string) *node {
	n := d.root
	for name := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if n == nil || !n.folder {
			return nil
		}
		n = n.names[name]
	}
	return n
}

// above returns the folder of a path and the name in it; the folder may be nil.
func (d *memoryDisk) above(path string) (*node, string) {
	dir, name := filepath.Split(path)
	if dir == "/" {
		return d.root, name
	}
	return d.find(dir), name
}

func (d *memoryDisk) add(op, path string, n *node) error {
	dir, name := d.above(path)
	switch {
	case dir == nil || !dir.folder:
		return fail(op, path, syscall.ENOENT)
	case dir.names[name] != nil && op != "rename":
		return fail(op, path, syscall.EEXIST)
	}
	d.changes++
	dir.names[name] = n
	return nil
}

func (d *memoryDisk) Open(path string) (io.ReadCloser, error) {
	n := d.find(path)
	if n == nil || n.folder {
		return nil, fail("open", path, syscall.ENOENT)
	}
	return io.NopCloser(bytes.NewReader(n.content)), nil
}

func (d *memoryDisk) Temp(folder string) (store.TempFile, error) {
	d.temps++
	f := &memoryFile{new(node), d, folder + "/" + strconv.Itoa(d.temps)}
	return f, d.add("create", f.path, f.node)
}

type memoryFile struct {
	*node
	disk *memoryDisk
	path string
}

func (f *memoryFile) Write(b []byte) (int, error) {
	f.disk.changes++
	f.content = append(slices.Clip(f.content), b...)
	return len(b), nil
}

func (f *memoryFile) Sync() error {
	f.disk.changes++
	f.durableBytes = f.content
	return nil
}

func (f *memoryFile) Close() error { return nil }
func (f *memoryFile) Name() string { return f.path }

func (d *memoryDisk) Link(from, to string) error {
	n := d.find(from)
	if n == nil {
		return fail("link", from, syscall.ENOENT)
	}
	return d.add("link", to, n)
}

func (d *memoryDisk) Rename(from, to string) error {
	n := d.find(from)
	if n == nil {
		return fail("rename", from, syscall.ENOENT)
	}
	if err := d.add("rename", to, n); err != nil {
		return err
	}
	return d.Remove(from)
}

func (d *memoryDisk) Remove(path string) error {
	dir, name := d.above(path)
	switch n := d.find(path); {
	case n == nil:
		return fail("remove", path, syscall.ENOENT)
	case len(n.names) > 0:
		return fail("remove", path, syscall.ENOTEMPTY)
	}
	d.changes++
	delete(dir.names, name)
	return nil
}

func (d *memoryDisk) Mkdir(path string) error { return d.add("mkdir", path, newFolder()) }

func (d *memoryDisk) SyncFolder(path string) error {
	n := d.find(path)
	if n == nil {
		return fail("open", path, syscall.ENOENT)
	}
	if !maps.Equal(n.names, n.durableNames) {
		d.changes++
		n.durableNames = maps.Clone(n.names)
	}
	return nil
}

func (d *memoryDisk) ReadFolder(path string) ([]fs.DirEntry, error) {
	n := d.find(path)
	if n == nil || !n.folder {
		return nil, fail("open", path, syscall.ENOENT)
	}
	var entries []fs.DirEntry
	for _, name := range slices.Sorted(maps.Keys(n.names)) {
		entries = append(entries, memoryEntry{name, n.names[name]})
	}
	return entries, nil
}

func (d *memoryDisk) Since(time.Time) time.Duration { return 0 }

type memoryEntry struct {
	name string
	*node
}

func (e memoryEntry) Name() string               { return e.name }
func (e memoryEntry) IsDir() bool                { return e.folder }
func (e memoryEntry) Info() (fs.FileInfo, error) { return e, nil }
func (e memoryEntry) Size() int64                { return int64(len(e.content)) }
func (e memoryEntry) Mode() fs.FileMode          { return e.Type() }
func (e memoryEntry) ModTime() time.Time         { return time.Time{} }
func (e memoryEntry) Sys() any                   { return nil }
func (e memoryEntry) Type() fs.FileMode {
	if e.folder {
		return fs.ModeDir
	}
	return 0
}

// failingDisk is a disk on which operations fail. The function before is called with the
// name and the path of each operation; an error is what the operation returns.
type failingDisk struct {
	store.Disk
	before func(op, path string) error
}

func (d failingDisk) Open(path string) (io.ReadCloser, error) {
	if err := d.before("open", path); err != nil {
		return nil, fail("open", path, err)
	}
	return d.Disk.Open(path)
}

func (d failingDisk) Temp(folder string) (store.TempFile, error) {
	if err := d.before("temp", folder); err != nil {
		return nil, fail("temp", folder, err)
	}
	file, err := d.Disk.Temp(folder)
	if err != nil {
		return nil, err
	}
	return failingFile{file, d}, nil
}

// failingFile writes half of the bytes before a write fails.
type failingFile struct {
	store.TempFile
	disk failingDisk
}

func (f failingFile) Write(b []byte) (int, error) {
	if err := f.disk.before("write", f.Name()); err != nil {
		n, _ := f.TempFile.Write(b[:len(b)/2])
		return n, fail("write", f.Name(), err)
	}
	return f.TempFile.Write(b)
}

func (f failingFile) Sync() error {
	if err := f.disk.before("fsync", f.Name()); err != nil {
		return fail("fsync", f.Name(), err)
	}
	return f.TempFile.Sync()
}

func (d failingDisk) Link(from, to string) error {
	if err := d.before("link", to); err != nil {
		return fail("link", to, err)
	}
	return d.Disk.Link(from, to)
}

func (d failingDisk) Rename(from, to string) error {
	if err := d.before("rename", to); err != nil {
		return fail("rename", to, err)
	}
	return d.Disk.Rename(from, to)
}

func (d failingDisk) Remove(path string) error {
	if err := d.before("remove", path); err != nil {
		return fail("remove", path, err)
	}
	return d.Disk.Remove(path)
}

func (d failingDisk) Mkdir(path string) error {
	if err := d.before("mkdir", path); err != nil {
		return fail("mkdir", path, err)
	}
	return d.Disk.Mkdir(path)
}

func (d failingDisk) SyncFolder(path string) error {
	if err := d.before("fsync", path); err != nil {
		return fail("fsync", path, err)
	}
	return d.Disk.SyncFolder(path)
}

func (d failingDisk) ReadFolder(path string) ([]fs.DirEntry, error) {
	if err := d.before("readdir", path); err != nil {
		return nil, fail("readdir", path, err)
	}
	return d.Disk.ReadFolder(path)
}
