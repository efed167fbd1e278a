package command

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"chandy/internal/clustertest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"chandy":      func() { os.Exit(Main(os.Args, os.Stdin, os.Stdout, os.Stderr)) },
		"broadcaster": broadcaster,
		"ledger":      runLedger,
		"tally":       runTally,
		"hosted":      hosted,
		"dying":       dying,
	})
}

// TestScripts runs the scripts in testdata/script. Each script has four free ports,
// $P1 to $P4, which are filled in where its *.toml files name them. A script without a
// cluster.toml gets the cluster bank, below. $README is the path of README.md, and $DOCS is
// the path of docs. The scripts have these commands of our own:
//
//	exits CODE PROGRAM [ARG...]          runs a program, which must exit with CODE
//	suspended ID CODE PROGRAM [ARG...]   the same, while the node of process ID is
//	                                     stopped, as if its machine hung
//	interrupted CODE PROGRAM [ARG...]    the same, with SIGINT after the first line on
//	                                     stderr. That line goes to the file "first" and
//	                                     the later lines to "said"; they end when the
//	                                     program and its children have ended
//	broken PROGRAM [ARG...]              runs a program with a stdout that nobody reads.
//	                                     It must fail without a word on stderr
//	unread PROGRAM [ARG...]              runs a program whose stdout is not read beyond
//	                                     the first bytes until no node holds parts of a
//	                                     snapshot. It must exit with 0; its stdout is
//	                                     in the file "printed"
//	fits SCHEMA                          checks the last stdout against docs/SCHEMA
//	killnode ID                          kills the node of process ID
//	killchild ID                         kills the child of process ID, of kind exec
//	busy PORT                            listens on a port, and refuses every connection
//	                                     with the code busy
//	outlived COMMAND                     kills chandy COMMAND in the background, and
//	                                     waits until all nodes have ended
//
// The program broadcaster is a program for kind exec. The program hosted is a binary for
// node_command, which hosts a bank; $HOSTED is its path. The program dying is another one,
// whose node ends at the first snapshot.
//
// Nodes run in the background ("exec chandy node p1 &"). Nothing sleeps: a script
// waits with "chandy initiate --wait" until they are up.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		RequireUniqueNames: true,
		Setup:              setupScript,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":       exits,
			"broken":      broken,
			"interrupted": interrupted,
			"suspended":   suspended,
			"unread":      unread,
			"fits":        fits,
			"killnode":    killNode,
			"killchild":   killChild,
			"outlived":    outlived,
			"busy":        busy,
		},
	})
}

const bank = `name = "bank"

[[process]]
id = "p1"
address = "127.0.0.1:$P1"

[[process]]
id = "p2"
address = "127.0.0.1:$P2"

[[process]]
id = "p3"
address = "127.0.0.1:$P3"

[program]
kind = "bank"
transfers_per_second = 200

[network]
delay = "20ms"
`

func setupScript(e *testscript.Env) error {
	e.Defer(func() { // nodes in the background outlive a script that fails
		logs, _ := filepath.Glob(filepath.Join(e.WorkDir, ".chandy", "*", "*.log"))
		for _, file := range append(logs, filepath.Join(e.WorkDir, ".chandy", "lock")) {
			state := stateDir(filepath.Dir(file))
			if running, err := state.running(); err == nil {
				state.signal(running, syscall.SIGKILL, killWait)
			}
		}
	})
	return setup(e)
}

func setup(e *testscript.Env) error {
	readme, err := filepath.Abs("../../README.md")
	if err != nil {
		return err
	}
	binary, err := exec.LookPath("hosted") // testscript.Main puts our programs on our own $PATH
	if err != nil {
		return err
	}
	e.Setenv("README", readme)
	e.Setenv("DOCS", filepath.Join(filepath.Dir(readme), "docs"))
	e.Setenv("HOSTED", binary)
	e.Setenv("GORACE", "atexit_sleep_ms=0") // otherwise each command sleeps for a second under -race
	var ports []string
	for n := 1; n <= 4; n++ {
		name, port := fmt.Sprintf("P%d", n), clustertest.FreePort()
		e.Setenv(name, port)
		ports = append(ports, "$"+name, port)
	}
	file := filepath.Join(e.WorkDir, "cluster.toml")
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		if err := os.WriteFile(file, []byte(bank), 0o666); err != nil {
			return err
		}
	}
	files, err := filepath.Glob(filepath.Join(e.WorkDir, "*.toml"))
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		text = []byte(strings.NewReplacer(ports...).Replace(string(text)))
		if err := os.WriteFile(file, text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	var want int
	if _, err := fmt.Sscan(args[0], &want); err != nil {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG...]")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%s: got exit status %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

func broken(ts *testscript.TestScript, _ bool, args []string) {
	r, w, err := os.Pipe()
	ts.Check(err)
	r.Close()
	defer w.Close()
	path, err := exec.LookPath(args[0]) // testscript.Main puts our programs on our own $PATH
	ts.Check(err)
	var said strings.Builder
	c := exec.Command(path, args[1:]...)
	c.Dir, c.Stdout, c.Stderr = ts.Getenv("WORK"), w, &said
	c.Env = []string{"GORACE=" + ts.Getenv("GORACE")}
	if err := c.Run(); err == nil || said.String() != "" {
		ts.Fatalf("%s: got error %v and stderr %q, want an error and no stderr", strings.Join(args, " "), err, said.String())
	}
}

func interrupted(ts *testscript.TestScript, _ bool, args []string) {
	path, err := exec.LookPath(args[1])
	ts.Check(err)
	c := exec.Command(path, args[2:]...)
	c.Dir, c.Env = ts.Getenv("WORK"), []string{"GORACE=" + ts.Getenv("GORACE"), "PATH=" + os.Getenv("PATH")}
	stderr, err := c.StderrPipe()
	ts.Check(err)
	ts.Check(c.Start())
	lines := bufio.NewScanner(stderr)
	lines.Scan()
	ts.Check(os.WriteFile(filepath.Join(ts.Getenv("WORK"), "first"), []byte(lines.Text()+"\n"), 0o666))
	ts.Check(c.Process.Signal(os.Interrupt))
	var said strings.Builder
	for lines.Scan() {
		fmt.Fprintln(&said, lines.Text())
	}
	c.Wait()
	ts.Check(os.WriteFile(filepath.Join(ts.Getenv("WORK"), "said"), []byte(said.String()), 0o666))
	if got := c.ProcessState.ExitCode(); fmt.Sprint(got) != args[0] {
		ts.Fatalf("%s: got exit status %d, want %s; stderr: %s", strings.Join(args[1:], " "), got, args[0], said.String())
	}
}

func suspended(ts *testscript.TestScript, _ bool, args []string) {
	for _, c := range ts.BackgroundCmds() {
		if id := c.Args[len(c.Args)-1]; id == args[0] {
			ts.Check(c.Process.Signal(syscall.SIGSTOP))
			defer c.Process.Signal(syscall.SIGCONT)
			exits(ts, false, args[1:])
			return
		}
	}
	ts.Fatalf("got no node of %s in the background, want one to suspend", args[0])
}

// fits checks the last stdout against a schema in docs.
func fits(ts *testscript.TestScript, _ bool, args []string) {
	schema, err := clustertest.Schema(args[0])
	ts.Check(err)
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(ts.ReadFile("stdout")))
	ts.Check(err)
	ts.Check(schema.Validate(document))
}
