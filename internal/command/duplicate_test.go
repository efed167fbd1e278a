package command

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const pairFile = `name = "pair"

[[process]]
id = "p1"
address = "127.0.0.1:$P1"

[[process]]
id = "p2"
address = "127.0.0.1:$P2"

[program]
kind = "bank"
`

// duplicates is a cluster whose p2 runs twice: the second node has a file with another
// address.
type duplicates struct {
	place
	first *exec.Cmd
}

func newDuplicates(t *testing.T) duplicates {
	t.Parallel()
	p := newPlace(t, pairFile)
	p.start(nil, "chandy", "node", "p1")
	d := duplicates{p, p.start(nil, "chandy", "node", "p2")}
	p.chandy("initiate", "--wait")
	file := filepath.Join(p.env.WorkDir, "cluster.toml")
	text, err := os.ReadFile(file)
	p.check(err)
	writeTo(t, filepath.Join(p.env.WorkDir, "second.toml"), strings.Replace(string(text), p.env.Getenv("P2"), p.env.Getenv("P3"), 1))
	return d
}

// startSecond starts the second node. It returns the node and its log.
func (d duplicates) startSecond() (*exec.Cmd, *bufio.Scanner) {
	r, w, err := os.Pipe()
	d.check(err)
	d.Cleanup(func() { r.Close() })
	d.check(r.SetReadDeadline(time.Now().Add(time.Minute)))
	second := d.start(w, "chandy", "node", "--cluster", "second.toml", "--log-level", "debug", "p2")
	w.Close()
	return second, bufio.NewScanner(r)
}

// await waits for a line of a log that has a text.
func (d duplicates) await(log *bufio.Scanner, text string) {
	d.Helper()
	for !strings.Contains(log.Text(), text) {
		if !log.Scan() {
			d.Fatalf("log: got its end (%v), want %q in it", log.Err(), text)
		}
	}
}

// endsAsDuplicate waits until a node has ended by itself, with exit code 3.
func (d duplicates) endsAsDuplicate(c *exec.Cmd) {
	d.Helper()
	late := time.AfterFunc(time.Minute, func() { c.Process.Kill() })
	defer late.Stop()
	c.Wait()
	if got := c.ProcessState.ExitCode(); got != exitUnknown {
		d.Errorf("got %v, want exit code %d", c.ProcessState, exitUnknown)
	}
}

// A second node of a process ends with 3 while the first one lives, and disturbs nothing.
func TestASecondNodeOfAProcessEnds(t *testing.T) {
	d := newDuplicates(t)
	second, log := d.startSecond()
	d.await(log, "another live node is running as p2, connected from 127.0.0.1:")
	d.await(log, "chandy: error: p2 stopped: another node runs as p2: p1 has refused this one for ")
	d.await(log, "chandy: hint: stop one of the two nodes")
	d.endsAsDuplicate(second)
	d.chandy("initiate")
}

// A node that stood still ends with 3 if another node has taken its place meanwhile.
func TestANodeThatWasReplacedEnds(t *testing.T) {
	d := newDuplicates(t)
	d.check(d.first.Process.Signal(syscall.SIGSTOP))
	second, log := d.startSecond()
	d.await(log, `"channel up"`)
	d.check(d.first.Process.Signal(syscall.SIGCONT))
	d.endsAsDuplicate(d.first)
	d.check(second.Process.Signal(syscall.SIGTERM))
	d.ends(second)
}
