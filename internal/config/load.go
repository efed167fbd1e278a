package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// fileMax is the largest cluster file, in bytes.
const fileMax = 1 << 20

// Find returns the path of the cluster file: flag, the value of --cluster, if it is not
// empty, else $CHANDY_CLUSTER, else cluster.toml.
func Find(flag string) string {
	return cmp.Or(flag, os.Getenv("CHANDY_CLUSTER"), "cluster.toml")
}

// Load reads and checks the cluster file at path. It returns the faults of the file as
// [*Faults].
func Load(path string) (*Cluster, error) { return load(path, false) }

// LoadUnsecured is Load for a command that makes certificates: the file may have any
// address before it has [tls].
func LoadUnsecured(path string) (*Cluster, error) { return load(path, true) }

func load(path string, unsecured bool) (*Cluster, error) {
	text, once, err := read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("read cluster file: %w: name one with --cluster or $CHANDY_CLUSTER", err)
	case err != nil:
		return nil, fmt.Errorf("read cluster file: %w", err)
	}
	c, err := parseText(path, text, unsecured)
	if err == nil && once {
		c.Text = text
	}
	return c, err
}

// read returns the text of the file, at most one byte more than fileMax. It reports
// whether the file cannot be read again.
func read(path string) (text []byte, once bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	if info.IsDir() {
		return nil, false, fmt.Errorf("%s is a directory: name the file in it", path)
	}
	if n, err := strconv.Atoi(strings.TrimPrefix(path, "/dev/fd/")); err == nil && n > 2 {
		syscall.CloseOnExec(n) // children must not inherit it
	}
	text, err = io.ReadAll(io.LimitReader(f, fileMax+1))
	return text, !info.Mode().IsRegular() || isDescriptor(path), err
}

// isDescriptor reports whether a path names a file that this process has open already. In
// another process the same path names another file.
func isDescriptor(path string) bool {
	path = filepath.Clean(path)
	return path == "/dev/stdin" || strings.HasPrefix(path, "/dev/fd/") || strings.HasPrefix(path, "/proc/")
}
