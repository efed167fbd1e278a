package examples_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/internal/clustertest"
)

// folder is where a test runs programs as a user would, with a cluster file.
type folder struct {
	t        *testing.T
	ctx      context.Context
	programs string // directory of the programs
	dir      string // working directory
	nodes    []*exec.Cmd
}

// newFolder builds programs from the names of their packages. All commands of the folder
// end within two minutes.
func newFolder(t *testing.T, packages ...string) *folder {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	dir := t.TempDir()
	build := exec.CommandContext(ctx, "go", append([]string{"build", "-o", dir + string(filepath.Separator)}, packages...)...)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: got %v, want success\n%s", build, err, out)
	}
	return &folder{t: t, ctx: ctx, programs: dir, dir: dir}
}

// sub returns a new folder with the same programs, for a subtest.
func (f *folder) sub(t *testing.T) *folder {
	return &folder{t: t, ctx: f.ctx, programs: f.programs, dir: t.TempDir()}
}

// writeCluster writes the text of a cluster file with ports that are free, and returns
// the ids of the processes.
func (f *folder) writeCluster(text string) (ids []string) {
	f.t.Helper()
	for _, match := range regexp.MustCompile(`(?m)^id = "(.*)"\naddress = "127.0.0.1:(\d+)"$`).FindAllStringSubmatch(text, -1) {
		ids = append(ids, match[1])
		text = strings.ReplaceAll(text, match[2], clustertest.FreePort())
	}
	if err := os.WriteFile(filepath.Join(f.dir, "cluster.toml"), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	return ids
}

func (f *folder) command(name string, args ...string) (c *exec.Cmd, stderr *bytes.Buffer) {
	c = exec.CommandContext(f.ctx, filepath.Join(f.programs, name), args...)
	c.Dir = f.dir
	c.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "CHANDY_CLUSTER=") })
	stderr = &bytes.Buffer{}
	c.Stderr = stderr
	return c, stderr
}

// start starts a program that runs until stop is called.
func (f *folder) start(name string, args ...string) {
	f.t.Helper()
	c, stderr := f.command(name, args...)
	if err := c.Start(); err != nil {
		f.t.Fatal(err)
	}
	f.nodes = append(f.nodes, c)
	f.t.Cleanup(func() {
		c.Process.Kill() // if stop was not called
		c.Wait()
		if f.t.Failed() {
			f.t.Logf("stderr of %v:\n%s", c, stderr)
		}
	})
}

// stop ends the programs as Ctrl-C does.
func (f *folder) stop() {
	f.t.Helper()
	for _, c := range f.nodes {
		if err := c.Process.Signal(os.Interrupt); err != nil {
			f.t.Errorf("%v: got %v, want a program that runs", c, err)
		}
	}
	for _, c := range f.nodes {
		if err := c.Wait(); err != nil {
			f.t.Errorf("%v: got %v, want success", c, err)
		}
	}
}

// initiate takes a snapshot, which must be complete and have all states.
func (f *folder) initiate(args ...string) *clustertest.Snapshot {
	f.t.Helper()
	c, stderr := f.command("chandy", append([]string{"initiate", "--timeout", "1m"}, args...)...)
	out, err := c.Output()
	if err != nil {
		f.t.Fatalf("%v: got %v, want success\n%s%s", c, err, out, stderr)
	}
	s, err := clustertest.Read(out)
	if err != nil || !s.Complete() {
		f.t.Fatalf("got %v, %s, want a complete snapshot", err, out)
	}
	for _, p := range s.Processes {
		if p.State.Error != "" {
			f.t.Fatalf("%s: got state error %q, want none", p.ID, p.State.Error)
		}
	}
	return s
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
