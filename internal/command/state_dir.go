package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"chandy/internal/config"
	"chandy/snapshot"
)

// stateDir is the directory in which chandy up --detach keeps what chandy down and chandy
// logs need. Of each process it has the log of the node, ID.log, and the process id, ID.pid.
//
// A node holds a lock on its log, which the system releases when the node ends, however it
// ends. So a process id counts only while the log is locked: an old file does not name a
// process that has got the same id since.
type stateDir string

func stateDirFlag() cli.Flag {
	return &cli.StringFlag{Name: "state-dir", Usage: "DIR: the directory of logs and process ids (default: .chandy beside cluster.toml, and .chandy/NAME beside NAME.toml)"}
}

// findStateDir returns the directory that the flags name. The default is .chandy beside
// cluster.toml. Another cluster file has a directory of its own in .chandy, so that the
// clusters of one folder stay apart. A cluster file that is a pipe has no place beside it.
func findStateDir(c *cli.Context) (stateDir, error) {
	if dir := c.String("state-dir"); dir != "" {
		return stateDir(dir), nil
	}
	file := config.Find(c.String("cluster"))
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return "", fail(exitUsage, "", "%s is no file beside which .chandy could be: name a directory with --state-dir", file)
	}
	dir := filepath.Join(filepath.Dir(file), ".chandy")
	if name := strings.TrimSuffix(filepath.Base(file), ".toml"); name != "cluster" {
		dir = filepath.Join(dir, name)
	}
	return stateDir(dir), nil
}

// sameNodes returns the flags with which chandy down and chandy logs find the same nodes,
// after a space.
func sameNodes(c *cli.Context) string {
	for _, name := range []string{"state-dir", "cluster"} {
		if value := c.String(name); value != "" {
			return " --" + name + " " + value
		}
	}
	return ""
}

func (d stateDir) log(id snapshot.ProcessID) string {
	return filepath.Join(string(d), string(id)+".log")
}
func (d stateDir) pid(id snapshot.ProcessID) string {
	return filepath.Join(string(d), string(id)+".pid")
}

// errBusy is the error of a lock that another process holds.
var errBusy = errors.New("is locked")

// lock locks the directory for one chandy up --detach or chandy down. The lock ends with
// the file.
func (d stateDir) lock() (*os.File, error) {
	f, err := lockFile(filepath.Join(string(d), "lock"), unix.LOCK_EX)
	if errors.Is(err, errBusy) {
		return nil, fail(exitUsage, "wait until it has ended", "another chandy up --detach or chandy down is at work in %s", d)
	}
	return f, err
}

// lockFile opens and locks a file. It does not wait.
func lockFile(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, errBusy
	}
	return nil, fmt.Errorf("lock %s: %w", path, err)
}

// runs reports whether the node of a process runs.
func (d stateDir) runs(id snapshot.ProcessID) bool {
	if _, err := os.Stat(d.log(id)); err != nil {
		return false
	}
	f, err := lockFile(d.log(id), unix.LOCK_SH)
	if err == nil {
		f.Close()
	}
	return errors.Is(err, errBusy)
}

// ids returns the processes that have a file with the suffix, sorted.
func (d stateDir) ids(suffix string) ([]snapshot.ProcessID, error) {
	entries, err := os.ReadDir(string(d))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var ids []snapshot.ProcessID
	for _, e := range entries {
		if name, found := strings.CutSuffix(e.Name(), suffix); found && snapshot.ProcessID(name).Check() == nil {
			ids = append(ids, snapshot.ProcessID(name))
		}
	}
	slices.Sort(ids)
	return ids, err
}

// running returns the processes whose nodes run.
func (d stateDir) running() ([]snapshot.ProcessID, error) {
	ids, err := d.ids(".log")
	return slices.DeleteFunc(ids, func(id snapshot.ProcessID) bool { return !d.runs(id) }), err
}

// process returns the operating-system process of a node. The caller must check afterwards
// that the node runs.
func (d stateDir) process(id snapshot.ProcessID) (*os.Process, error) {
	text, err := os.ReadFile(d.pid(id))
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || n <= 1 {
		return nil, fmt.Errorf("%s has no process id", d.pid(id))
	}
	return os.FindProcess(n)
}
