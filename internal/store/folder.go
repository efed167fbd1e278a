package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// folder is the objects in a folder. An object is a file. Writers write temporary files in
// the folder ".tmp", which no reader looks at.
type folder struct {
	root string
	disk disk
}

const (
	tempFolder = ".tmp"
	// tempAge is how long nobody has written to a temporary file that Clean removes.
	tempAge = time.Hour
)

// Folder returns the objects in a folder. Its files have mode 0600, its folders 0700. The
// folder itself is made by the first object whose name has no slash, which is chandy-store.
// So a folder that vanishes is not made again, empty, by a save.
func Folder(path string) Objects { return &folder{path, systemDisk{}} }

func (f *folder) String() string { return f.root }

var element = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)

// checkName returns an error if name cannot be the name of an object.
func checkName(name string) error {
	for e := range strings.SplitSeq(name, "/") {
		if !element.MatchString(e) {
			return fmt.Errorf("%q cannot be the name of an object", name)
		}
	}
	return nil
}

func (f *folder) path(name string) string { return filepath.Join(f.root, filepath.FromSlash(name)) }

func (f *folder) Get(name string) (io.ReadCloser, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	file, err := f.disk.Open(f.path(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if e := f.settle(path.Dir(name)); e != nil {
		if file != nil {
			_ = file.Close()
		}
		return nil, e
	}
	return file, err
}

func (f *folder) Put(name string, write func(io.Writer) error) error {
	return f.make(name, write, f.disk.Rename)
}

func (f *folder) Create(name string, content []byte) error {
	err := f.make(name, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	}, f.disk.Link)
	if errors.Is(err, fs.ErrExist) {
		if e := f.settle(path.Dir(name)); e != nil {
			return e
		}
		return fs.ErrExist
	}
	return err
}

// make writes a temporary file, and then makes it the object with place.
func (f *folder) make(name string, write func(io.Writer) error, place func(from, to string) error) error {
	if err := checkName(name); err != nil {
		return err
	}
	if !strings.Contains(name, "/") {
		if err := f.makeFolder(f.root); err != nil {
			return err
		}
	}
	temp, err := f.writeTemp(write)
	if err != nil {
		return err
	}
	defer func() { _ = f.disk.Remove(temp) }() // it is gone after a rename
	// A removal of the last object in a folder removes the folder, perhaps right now.
	for range 3 {
		if err = f.makeFolders(path.Dir(name)); err != nil {
			return err
		}
		if err = place(temp, f.path(name)); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if err != nil {
		return err
	}
	return f.settle(path.Dir(name))
}

// writeTemp writes a temporary file to the disk, and returns its path.
func (f *folder) writeTemp(write func(io.Writer) error) (temp string, err error) {
	if err := f.makeFolders(tempFolder); err != nil {
		return "", err
	}
	file, err := f.disk.Temp(f.path(tempFolder))
	if err != nil {
		return "", err
	}
	w := newPipeline(file)
	err = write(w)
	if e := w.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = file.Sync()
	}
	if e := file.Close(); err == nil {
		err = e
	}
	if err != nil {
		_ = f.disk.Remove(file.Name())
		return "", err
	}
	return file.Name(), nil
}

// makeFolders makes the folders of a name below the root, which must be there.
func (f *folder) makeFolders(dir string) error {
	made := f.root
	for e := range strings.SplitSeq(dir, "/") {
		made = filepath.Join(made, e)
		if err := f.disk.Mkdir(made); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// makeFolder makes a folder and those above it, durably.
func (f *folder) makeFolder(p string) error {
	err := f.disk.Mkdir(p)
	switch above := filepath.Dir(p); {
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrNotExist) && above != p:
		if err := f.makeFolder(above); err != nil {
			return err
		}
		return f.makeFolder(p)
	case err != nil:
		return err
	default:
		return f.sync(above)
	}
}

// settle makes what a folder shows durable, with the names of the folders above it up to
// the root. Another writer may have made any of them a moment ago.
func (f *folder) settle(dir string) error {
	for ; ; dir = path.Dir(dir) {
		if err := f.sync(f.path(dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if dir == "." {
			return nil
		}
	}
}

// sync syncs a folder. Some file systems cannot do that, and one that is read-only need
// not.
func (f *folder) sync(path string) error {
	err := f.disk.SyncFolder(path)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.EROFS) {
		return nil
	}
	return err
}

func (f *folder) List(prefix string) ([]Object, error) {
	dir := strings.TrimSuffix(prefix, "/")
	if dir != "" {
		if err := checkName(dir); err != nil {
			return nil, err
		}
	}
	var objects []Object
	if err := f.list(dir, &objects); err != nil {
		return nil, err
	}
	if err := f.settle(path.Dir(dir)); err != nil {
		return nil, err
	}
	slices.SortFunc(objects, func(a, b Object) int { return strings.Compare(a.Name, b.Name) })
	return objects, nil
}

// list appends the objects in a folder and below.
func (f *folder) list(dir string, objects *[]Object) error {
	entries, err := f.disk.ReadFolder(f.path(dir))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := f.sync(f.path(dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		switch {
		case !element.MatchString(e.Name()):
		case e.IsDir():
			if err := f.list(name, objects); err != nil {
				return err
			}
		case e.Type().IsRegular():
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			*objects = append(*objects, Object{name, info.Size()})
		}
	}
	return nil
}

func (f *folder) Delete(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	if err := f.disk.Remove(f.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// The folders of one snapshot or epoch go with their last object. Folders at the root
	// stay: others make objects there.
	dir := path.Dir(name)
	for ; strings.Contains(dir, "/"); dir = path.Dir(dir) {
		if f.disk.Remove(f.path(dir)) != nil {
			break // it holds another object
		}
	}
	return f.settle(dir)
}

func (f *folder) Clean() error {
	entries, err := f.disk.ReadFolder(f.path(tempFolder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		info, infoErr := e.Info()
		if infoErr == nil && e.Type().IsRegular() && f.disk.Since(info.ModTime()) > tempAge {
			if e := f.disk.Remove(filepath.Join(f.path(tempFolder), e.Name())); e != nil && !errors.Is(e, fs.ErrNotExist) {
				err = e
			}
		}
	}
	return err
}
