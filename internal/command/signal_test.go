package command

import (
	"chandy/internal/explore"

	"bufio"
	"bytes"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

const single = `name = "single"

[[process]]
id = "p1"
address = "127.0.0.1:$P1"

[program]
kind = "bank"
`

const broadcast = `name = "broadcast"

[[process]]
id = "p1"
address = "127.0.0.1:$P1"

[program]
kind = "exec"
command = ["broadcaster"]
state = "none"
`

// slow is a cluster whose child ends only at the SIGTERM of its node.
var slow = strings.Replace(broadcast, `"broadcaster"`, `"sh", "-c", "broadcaster; sleep 9"`, 1)

// place is a directory with a cluster file, in which the programs of the scripts run.
type place struct {
	*testing.T
	env testscript.Env
}

func newPlace(t *testing.T, cluster string) place {
	p := place{t, testscript.Env{WorkDir: t.TempDir()}}
	p.check(os.WriteFile(filepath.Join(p.env.WorkDir, "cluster.toml"), []byte(cluster), 0o666))
	p.check(setup(&p.env))
	return p
}

func (p place) check(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p place) command(args ...string) *exec.Cmd {
	path, err := exec.LookPath(args[0]) // testscript.Main puts our programs on our own $PATH
	p.check(err)
	c := exec.Command(path, args[1:]...)
	c.Dir, c.Env = p.env.WorkDir, append(os.Environ(), p.env.Vars...)
	return c
}

// start starts a command, which is killed if it still runs at the end of the test.
func (p place) start(stderr *os.File, args ...string) *exec.Cmd {
	c := p.command(args...)
	if stderr != nil {
		c.Stderr = stderr
	}
	p.check(c.Start())
	p.Cleanup(func() {
		if c.ProcessState == nil {
			c.Process.Kill()
			c.Wait()
		}
	})
	return c
}

// chandy runs a command, which must exit with 0.
func (p place) chandy(args ...string) {
	p.Helper()
	if said, err := p.command(append([]string{"chandy"}, args...)...).CombinedOutput(); err != nil {
		p.Fatalf("chandy %s: got %v, want exit code 0; output: %s", strings.Join(args, " "), err, said)
	}
}

// stopTime is how long a command may take to end after a signal: 2 s, but more under the
// race detector, where a busy machine takes that long for nothing.
var stopTime = map[bool]time.Duration{false: 2 * time.Second, true: 10 * time.Second}[explore.Race]

// ends waits for a command that has received a signal. It must exit with 0 in time.
func (p place) ends(c *exec.Cmd) {
	p.Helper()
	late := time.AfterFunc(stopTime, func() { c.Process.Kill() })
	defer late.Stop()
	if err := c.Wait(); err != nil {
		p.Fatalf("%s: got %v, want exit code 0 within %v of the signal", strings.Join(c.Args, " "), err, stopTime)
	}
}

// lasting are the commands that run until a signal.
var lasting = map[string][]string{"node": {"chandy", "node", "p1"}, "up": {"chandy", "up"}}

// eachLasting runs a test with each command that runs until a signal.
func eachLasting(t *testing.T, cluster string, test func(p place, args []string)) {
	for name, args := range lasting {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newPlace(t, cluster), args)
		})
	}
}

// fullPipe returns a pipe that holds as much as it can.
func fullPipe(p place) (r, w *os.File) {
	r, w, err := os.Pipe()
	p.check(err)
	p.Cleanup(func() { r.Close(); w.Close() })
	raw, err := w.SyscallConn()
	p.check(err)
	p.check(raw.Write(func(fd uintptr) bool {
		for size := 4096; size > 0; {
			if _, err := syscall.Write(int(fd), bytes.Repeat([]byte("\n"), size)); err != nil {
				size /= 4096
			}
		}
		return true
	}))
	p.check(syscall.SetNonblock(int(w.Fd()), false)) // the program that inherits it must wait in its writes
	return r, w
}

// takesSnapshotsAndEnds starts a command with the given stderr. The test fails unless its
// nodes take snapshots and it ends in time after SIGTERM.
func (p place) takesSnapshotsAndEnds(stderr *os.File, args []string) {
	p.Helper()
	c := p.start(stderr, args...)
	p.chandy("initiate", "--wait")
	p.chandy("initiate")
	p.check(c.Process.Signal(syscall.SIGTERM))
	p.ends(c)
}

func TestAFullStderrStopsNothing(t *testing.T) {
	eachLasting(t, single, func(p place, args []string) {
		_, w := fullPipe(p)
		p.takesSnapshotsAndEnds(w, args)
	})
}

func TestAClosedStderrStopsNothing(t *testing.T) {
	eachLasting(t, single, func(p place, args []string) {
		r, w, err := os.Pipe()
		p.check(err)
		r.Close()
		defer w.Close()
		p.takesSnapshotsAndEnds(w, args)
	})
}

// TestUpReportsDroppedLines reads stderr again after a child has printed far more than
// the queue of chandy up holds.
func TestUpReportsDroppedLines(t *testing.T) {
	t.Parallel()
	p := newPlace(t, broadcast)
	r, w := fullPipe(p)
	c := p.start(w, "chandy", "up")
	p.chandy("initiate", "--wait")
	p.chandy("call", "p1", `{"type":"shout"}`)
	p.check(r.SetReadDeadline(time.Now().Add(30 * time.Second)))
	lines := bufio.NewScanner(r)
	// On a busy machine up reads the lines of its nodes slowly, so it may be a node that drops
	// them. Either says so.
	const report = "dropped: stderr was not read in time"
	reported := false
	for !reported && lines.Scan() {
		text := lines.Text()
		reported = strings.Contains(text, report) || strings.Contains(text, "chandy: dropped ") && strings.HasSuffix(text, " lines: stderr was not read in time")
	}
	if !reported {
		t.Fatalf("got the last line %q and error %v, want a report of dropped lines", lines.Text(), lines.Err())
	}
	p.check(c.Process.Signal(syscall.SIGTERM))
	p.ends(c)
}

// TestSIGHUPEndsACommand sends SIGHUP again and again: a terminal that closes causes two.
// The child ends only at the SIGTERM of its node, so the second comes while it stops.
func TestSIGHUPEndsACommand(t *testing.T) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP) // the commands must not inherit that it is ignored, if it is
	t.Cleanup(func() { signal.Stop(hangups) })
	eachLasting(t, slow, func(p place, args []string) {
		c := p.start(nil, args...)
		p.chandy("initiate", "--wait")
		var sender sync.WaitGroup
		sender.Go(func() {
			for c.Process.Signal(syscall.SIGHUP) == nil { // until it has ended
			}
		})
		defer sender.Wait()
		p.ends(c)
	})
}

// GNU timeout sends SIGTERM twice within a millisecond. The test sends more for a longer
// time, so that the command receives several.
func TestSIGTERMTwiceAtOnceEndsACommandCleanly(t *testing.T) {
	eachLasting(t, slow, func(p place, args []string) {
		c := p.start(nil, args...)
		p.chandy("initiate", "--wait")
		for begun := time.Now(); time.Since(begun) < 100*time.Millisecond; {
			p.check(c.Process.Signal(syscall.SIGTERM))
		}
		p.ends(c)
	})
}

func TestALaterSIGTERMKillsACommand(t *testing.T) {
	eachLasting(t, slow, func(p place, args []string) {
		c := p.start(nil, args...)
		p.chandy("initiate", "--wait")
		var sender sync.WaitGroup
		sender.Go(func() {
			// Without pauses several signals nest in Go's runtime while it ends the process,
			// until its signal stack overflows: SIGSEGV in 7 of 100 runs.
			pause := time.NewTicker(10 * time.Millisecond)
			defer pause.Stop()
			for c.Process.Signal(syscall.SIGTERM) == nil { // until it has ended
				<-pause.C
			}
		})
		defer sender.Wait()
		c.Wait()
		if got := c.ProcessState.String(); got != "signal: terminated" {
			t.Errorf("%s, after SIGTERM again and again: got %s, want signal: terminated", strings.Join(args, " "), got)
		}
	})
}

func TestSIGHUPStaysIgnored(t *testing.T) {
	eachLasting(t, single, func(p place, args []string) {
		c := p.start(nil, append([]string{"sh", "-c", `trap "" HUP; exec "$0" "$@"`}, args...)...)
		p.chandy("initiate", "--wait")
		p.check(c.Process.Signal(syscall.SIGHUP))
		p.chandy("initiate")
		p.chandy("initiate")
		p.check(c.Process.Signal(syscall.SIGTERM))
		p.ends(c)
	})
}
