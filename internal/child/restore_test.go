package child

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/program"
	"chandy/snapshot"
)

// restored calls Restore and waits until it is done.
func (c *cluster) restored(x *Program, state string) error {
	c.t.Helper()
	done := make(chan error, 2)
	x.Restore([]byte(state), func(err error) { done <- err })
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		c.t.Fatalf("restore of %.100s: got no call of done within %v", state, patience)
		return nil
	}
}

// held returns a program whose child has taken a state, and which is closed at the end.
func (c *cluster) held(id snapshot.ProcessID, state string) *Program {
	c.t.Helper()
	x := c.made(id)
	if err := c.restored(x, state); err != nil {
		c.t.Fatalf("restore of %.100s: got error %v, want none", state, err)
	}
	return x
}

// awaitStopped waits until no thread of a process can run.
func awaitStopped(t *testing.T, pid int) {
	t.Helper()
	if !canIdle {
		return
	}
	for begun := time.Now(); ; {
		states := ""
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
		for _, file := range files {
			status, _ := os.ReadFile(file)
			_, state, _ := strings.Cut(string(status), "\nState:\t")
			states += state[:min(1, len(state))]
		}
		if states != "" && strings.Trim(states, "T") == "" {
			return
		}
		if time.Since(begun) > patience {
			t.Fatalf("child %d: got threads in the states %q after %v, want all stopped (T)", pid, states, patience)
		}
	}
}

// A restored child has its state before Start, and is stopped until then. What it has printed
// before restore_ok is dropped.
func TestARestoredChildIsHeldUntilStart(t *testing.T) {
	c := newCluster(t, file(2, "puppet", "state = \"snapshot\"\n"))
	const state = `{"n":9007199254740993, "z":1,"a":[ ]}`
	x := c.made("n1")
	x.TakeOrigin(program.Origin{Epoch: 5, Snapshot: "s-1"})
	if err := c.restored(x, state); err != nil {
		t.Fatal(err)
	}
	awaitStopped(t, x.started.PID())
	c.Host("n1", x)
	c.Start("n2")
	c.print("n1", `{"dest":"n2","body":{"type":"after"}}`)
	after := []string{`{"dest":"n2","body":{"type":"after"}}`}
	if got := c.await("n2", 1); !slices.Equal(got, after) {
		t.Errorf("n2: got %q, want %q", got, after)
	}
	if got := c.await("n1", 0); len(got) != 0 {
		t.Errorf("n1: got %q, want no answer to what it has printed before restore_ok", got)
	}
	got, _, _ := stateOf(c.Complete("n2"), "n1")
	const init = `\"node_ids\":[\"n1\",\"n2\"],\"restoring\":true,\"epoch\":5,\"restored_from\":\"s-1\",\"msg_id\":1}`
	if !strings.Contains(got, `"restored":`+state) || !strings.Contains(got, init) {
		t.Errorf("restored: got %s, want %s and %s in it", got, state, init)
	}
}

// What a child prints after restore_ok waits for Start, and topology comes after restore_ok.
func TestLinesAfterRestoreOKWaitForStart(t *testing.T) {
	c := newCluster(t, file(2, "puppet", "state = \"snapshot\"\ntopology = \"line\"\n"))
	x := c.held("n1", `"prints on"`)
	x.gate.mu.Lock()
	kept := len(x.gate.kept)
	x.gate.mu.Unlock()
	if kept == 0 {
		t.Error("before Start: got no line that is kept, want one")
	}
	c.Host("n1", x)
	c.Start("n2")
	got := c.await("n2", 2) // one of them is topology
	want := `{"dest":"n2","body":{"type":"at once"}}`
	if !slices.Contains(got, want) {
		t.Errorf("n2: got %q, want %s in it", got, want)
	}
	if got := c.await("n1", 1); !strings.Contains(got[0], `"type":"topology"`) {
		t.Errorf("n1: got %q, want topology", got)
	}
}

// A child that does not take its state is ended, and the error says why.
func TestFailedRestores(t *testing.T) {
	asked := "state = \"snapshot\"\n"
	for name, test := range map[string]struct {
		kind, settings, state, want string
		silent                      int // lines after which the child prints no more
	}{
		"refused":      {"puppet", asked, `"bad"`, `restore n1: the child refuses restore: {"type":"error","in_reply_to":2,"code":13,"text":"it is bad"}`, 0},
		"ended":        {"puppet", asked, `"exits"`, "restore n1: child exited: exit status 4; last line on stderr: cannot go on", 0},
		"silent":       {"puppet", asked, `"silent"`, "restore n1: the child has not answered restore within 1m0s (init_timeout): it has printed 1 lines, and none is this reply to c0", 1},
		"asks":         {"puppet", asked, `"asks"`, `restore n1: the child has not answered restore within 1m0s (init_timeout): it waits for the reply of "n2" to its request with the msg_id 5, and a child that is restored must answer without asking others`, 3},
		"prints text":  {"puppet", asked, `"prints text"`, `restore n1: line 3 of the child is no JSON object: "hello"`, 0},
		"no init_ok":   {"mute", asked, `1`, "restore n1: the child has not answered init within 1m0s (init_timeout): it has printed nothing (does it flush its output?)", -1},
		"no program":   {"puppet", asked + "command = [\"./nowhere\"]\n", `1`, "restore n1: start nowhere: fork/exec ./nowhere: no such file or directory", 0},
		"half a state": {"puppet", asked, `{"half`, "restore n1: the state of a child must be JSON", 0},
		"two values":   {"puppet", asked, `1,"msg_id":2`, "restore n1: the state of a child must be JSON", 0},
		"not asked":    {"puppet", "", `1`, `restore n1: a child can be restored only with state = "snapshot", not "none"`, 0},
		"too long": {"puppet", asked + "line_limit = \"1KiB\"\n", `"` + strings.Repeat("x", 960) + `"`,
			`restore n1: the state needs a line of 1032 bytes, and the child takes at most 1024 (line_limit): restore_by = "file" passes it in a file`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := file(1, test.kind, test.settings)
			if name == "no program" {
				text = strings.Replace(text, fmt.Sprintf("command = [%q]\n", self()), "", 1)
			}
			c := newCluster(t, text)
			x := c.made("n1")
			if test.silent != 0 {
				go x.timeOut(max(0, test.silent))
			}
			if got := fmt.Sprint(c.restored(x, test.state)); got != test.want {
				t.Errorf("got error %s\nwant %s", got, test.want)
			}
			if x.started != nil {
				select {
				case <-x.started.ended:
				default:
					t.Error("after done: got a child that runs, want none")
				}
			}
			x.Close()
		})
	}
}

// timeOut ends the time for init or restore once the child has printed some lines.
func (x *Program) timeOut(lines int) {
	for {
		x.gate.mu.Lock()
		met := x.timer != nil && x.lines == lines && (x.preparing == "restore") == (lines > 0)
		if met {
			x.timer.Reset(0)
		}
		x.gate.mu.Unlock()
		if met {
			return
		}
	}
}

// A held child is killed by Close, without time to act, and so are the processes that it has
// started. Close during a restore calls done.
func TestCloseKillsAHeldChild(t *testing.T) {
	for _, taken := range []bool{true, false} {
		m := newMeeting(t)
		c := newCluster(t, file(1, "puppet", "state = \"snapshot\"\n", with(m.env("puppet"))))
		x := c.made("n1")
		done := make(chan error, 2)
		x.Restore([]byte(`"meets"`), func(err error) { done <- err })
		child := m.come()
		if taken {
			child.Write([]byte("."))
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			awaitStopped(t, x.started.PID())
		}
		begun := time.Now()
		x.Close()
		if took := time.Since(begun); took > grace {
			t.Errorf("taken %v: close took %v, want less than %v, because a held child gets no time", taken, took, grace)
		}
		m.gone(child)
		if !taken {
			if got, want := fmt.Sprint(<-done), "restore n1: the program was closed"; got != want {
				t.Errorf("closed during restore: got %s, want %s", got, want)
			}
		}
		x.Close()
		if len(done) > 0 {
			t.Errorf("taken %v: got another call of done, %v, want one call", taken, <-done)
		}
	}
}

// A stopped child dies with the process that has restored it, also on SIGKILL.
func TestAHeldChildDiesWithItsNode(t *testing.T) {
	if !canIdle {
		t.Skip("this system does not kill a child when its parent dies")
	}
	m := newMeeting(t)
	c := exec.Command(self())
	c.Env = append(os.Environ(), "CHILD=holder", "ADDRESS="+m.listener.Addr().String())
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill() })
	child := m.come()
	child.Write([]byte("."))
	var pid int
	line, _ := bufio.NewReader(out).ReadString('\n')
	if _, err := fmt.Sscanf(line, "held %d <nil>", &pid); err != nil {
		t.Fatalf("got %q, want \"held PID <nil>\": %v", line, err)
	}
	awaitStopped(t, pid)
	c.Process.Kill()
	c.Wait()
	m.gone(child)
}

// With restore_by = "file" a child gets a path. The file is gone once the restore has ended.
func TestRestoreByFile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	c := newCluster(t, file(1, "puppet", "state = \"snapshot\"\nline_limit = \"1KiB\"\nrestore_by = \"file\"\n"))
	left := func() []string {
		t.Helper()
		files, err := filepath.Glob(dir + "/chandy-*")
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	state := `"` + strings.Repeat("x", 5000) + `"`
	x := c.held("n1", state)
	if files := left(); len(files) > 0 {
		t.Errorf("after restore_ok: got the files %q, want none", files)
	}
	c.Host("n1", x)
	if got, fault, _ := stateOf(c.Complete("n1"), "n1"); !strings.Contains(got, `"restored":`+state) {
		t.Errorf("got the state %.200s, error %q, want the restored one in it", got, fault)
	}
	other := c.made("n1")
	if err := c.restored(other, `"bad"`); err == nil {
		t.Error("a state that is refused: got no error, want one")
	}
	if files := left(); len(files) > 0 {
		t.Errorf("after a refusal: got the files %q, want none", files)
	}
	t.Setenv("TMPDIR", dir+"/missing")
	if err := c.restored(c.made("n1"), state); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "write the state to a file") {
		t.Errorf("without a temporary directory: got error %v, want one that says so", err)
	}
}

// NotRestorable says of each state what Restore would say.
func TestNotRestorable(t *testing.T) {
	frame := len(`{"src":"c0","dest":"n1","body":{"type":"restore","state":,"msg_id":2}}`)
	long := func(n int) program.State {
		return program.State{Bytes: []byte(`"` + strings.Repeat("x", n-frame-2) + `"`)}
	}
	for name, test := range map[string]struct {
		settings string
		state    program.State
		want     string
	}{
		"fits":       {`state = "snapshot"` + "\nline_limit = \"1KiB\"", long(1024), ""},
		"too long":   {`state = "snapshot"` + "\nline_limit = \"1KiB\"", long(1025), `the state needs a line of 1025 bytes, and the child takes at most 1024 (line_limit): restore_by = "file" passes it in a file`},
		"by file":    {`state = "snapshot"` + "\nline_limit = \"1KiB\"\nrestore_by = \"file\"", long(1025), ""},
		"error":      {`state = "snapshot"`, program.State{Error: "no reply"}, "there is no state: no reply"},
		"no state":   {`state = "none"`, notAsked, `a child can be restored only with state = "snapshot", not "none"`},
		"inspection": {`state = '{"type":"read"}'`, program.State{Bytes: []byte("1")}, `a child can be restored only with state = "snapshot", not "{\"type\":\"read\"}"`},
	} {
		x := newCluster(t, file(1, "puppet", test.settings+"\n")).made("n1")
		if got := x.NotRestorable(test.state); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
		if name == "fits" {
			if n := len(x.restoreLine(test.state.Bytes)); n != 1024 {
				t.Errorf("%s: got a line of %d bytes, want 1024", name, n)
			}
		}
	}
}
