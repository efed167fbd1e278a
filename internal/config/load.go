package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
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
func Load(path string) (*Cluster, error) {
	text, err := read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("read cluster file: %w: name one with --cluster or $CHANDY_CLUSTER", err)
	case err != nil:
		return nil, fmt.Errorf("read cluster file: %w", err)
	}
	return Parse(path, text)
}

// read returns the text of the file. It reads at most one byte more than fileMax.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a directory: name the file in it", path)
	}
	return io.ReadAll(io.LimitReader(f, fileMax+1))
}
