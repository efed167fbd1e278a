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

// Find returns the path of the cluster file: the value of the flag --cluster if
// it was given, else that of $CHANDY_CLUSTER, else cluster.toml.
func Find(flag string) string {
	return cmp.Or(flag, os.Getenv("CHANDY_CLUSTER"), "cluster.toml")
}

// Load reads and checks the cluster file at path. What is wrong in the file
// comes as [*Faults].
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

// read returns the text of the file, of which it reads one byte past the limit
// at most.
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
