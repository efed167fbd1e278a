package command

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// destination is where a snapshot goes. Write must not be called after finish or drop.
type destination interface {
	io.Writer
	// finish completes the document. The snapshot is whole.
	finish() error
	// drop takes back what it can of a document that is not finished. It may be called at
	// any time.
	drop()
}

// destination returns the destination that the flags of a command ask for. An empty file, and -,
// mean stdout.
func (e *env) destination(file string, summary bool) (destination, error) {
	var out destination = direct{e.Stdout}
	if file != "" && file != "-" {
		f, err := createFile(file)
		if err != nil {
			return nil, fail(exitUsage, "", "-o %s: %w", file, err)
		}
		out = f
	} else if summary {
		out = direct{io.Discard}
	}
	if summary {
		return &summarised{destination: out, env: e}, nil
	}
	return out, nil
}

// direct is a destination that cannot be taken back.
type direct struct{ io.Writer }

func (direct) finish() error { return nil }
func (direct) drop()         {}

// newFile is a file that appears under its name only when it is whole. Until then it
// stands beside that name.
type newFile struct {
	*os.File
	path string // its name when it is whole
}

// createFile opens a file for writing. What exists already and is no regular file, such as
// a pipe or /dev/null, cannot be replaced, and is written to directly.
func createFile(path string) (destination, error) {
	mode := os.FileMode(0o666) // less the umask
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // the link stays
	}
	switch info, err := os.Stat(path); {
	case err != nil: // it does not exist, or creating it says why
	case info.IsDir():
		return nil, fmt.Errorf("is a directory")
	case !info.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		return direct{f}, err
	default:
		mode = info.Mode().Perm()
	}
	dir, name := filepath.Split(path)
	if name == "" {
		return nil, errors.New("names a directory: add the name of a file")
	}
	beside := filepath.Join(dir, fmt.Sprintf(".%s.%d.tmp", name, os.Getpid()))
	f, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if missing := (*os.PathError)(nil); errors.As(err, &missing) {
		return nil, fmt.Errorf("create it in %s: %w", filepath.Dir(path), missing.Err)
	} else if err != nil {
		return nil, err
	}
	return &newFile{f, path}, nil
}

func (f *newFile) finish() error {
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), f.path)
}

func (f *newFile) drop() {
	f.Close()
	os.Remove(f.Name()) // it is there no more if it is finished
}

// summarised is a destination after which a summary of the snapshot is printed.
type summarised struct {
	destination
	*env
	text bytes.Buffer
}

func (s *summarised) Write(b []byte) (int, error) {
	s.text.Write(b)
	return s.destination.Write(b)
}

func (s *summarised) finish() error {
	if err := s.destination.finish(); err != nil {
		return err
	}
	return s.printSnapshot(s.text.Bytes())
}
