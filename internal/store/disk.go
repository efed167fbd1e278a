package store

import (
	"io"
	"io/fs"
	"os"
	"time"
)

// disk is the part of the file system that a folder uses. Tests put faults into it.
type disk interface {
	Open(path string) (io.ReadCloser, error)
	Temp(folder string) (tempFile, error)
	Link(from, to string) error
	Rename(from, to string) error
	Remove(path string) error // a file or an empty folder
	Mkdir(path string) error
	SyncFolder(path string) error
	ReadFolder(path string) ([]fs.DirEntry, error)
	Since(t time.Time) time.Duration
}

// tempFile is a temporary file that is being written.
type tempFile interface {
	io.WriteCloser
	Sync() error
	Name() string
}

// systemDisk is the file system of the operating system.
type systemDisk struct{}

func (systemDisk) Open(path string) (io.ReadCloser, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() { // not made by a store
		err = fs.ErrNotExist
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

func (systemDisk) Temp(folder string) (tempFile, error) {
	file, err := os.CreateTemp(folder, "")
	if err != nil {
		return nil, err
	}
	return &systemFile{File: file}, nil
}

func (systemDisk) SyncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

func (systemDisk) Link(from, to string) error                    { return os.Link(from, to) }
func (systemDisk) Rename(from, to string) error                  { return os.Rename(from, to) }
func (systemDisk) Remove(path string) error                      { return os.Remove(path) }
func (systemDisk) Mkdir(path string) error                       { return os.Mkdir(path, 0o700) }
func (systemDisk) ReadFolder(path string) ([]fs.DirEntry, error) { return os.ReadDir(path) }
func (systemDisk) Since(t time.Time) time.Duration               { return time.Since(t) }
