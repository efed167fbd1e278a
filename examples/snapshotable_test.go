package examples_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"chandy/internal/clustertest"
)

// Each piece of code in docs/snapshotable.md is part of a program that these tests run.
func TestSnapshotablePage(t *testing.T) {
	files := map[string][]string{
		"toml":   {"token-ring/cluster.toml", "broadcast/cluster.toml", "bank-go/cluster.toml"},
		"python": {"token-ring/ring.py", "testdata/threads.py"},
		"js":     {"broadcast/broadcast.js"},
		"go":     {"bank-go/bank.go", "testdata/counter/counter.go"},
	}
	blocks := regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(read(t, "../docs/snapshotable.md"), -1)
	if len(blocks) < 9 {
		t.Errorf("got %d pieces of code, want 9 or more", len(blocks))
	}
	for _, block := range blocks {
		there := false
		for _, file := range files[block[1]] {
			there = there || strings.Contains(flush(read(t, file)), flush(block[2]))
		}
		if !there {
			t.Errorf("got code that is in none of %v, want it in one:\n%s", files[block[1]], block[2])
		}
	}
}

// flush removes the indentation.
func flush(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("\n" + strings.TrimSpace(line))
	}
	return b.String() + "\n"
}

// A program with a thread for each job stops in the middle, and another instance finishes its
// jobs.
func TestThreads(t *testing.T) {
	if out, err := exec.CommandContext(t.Context(), "python3", "--version").CombinedOutput(); err != nil {
		t.Skipf("examples/testdata/threads.py is not run: no python3 here: %v %s", err, out)
	}
	const prime, jobs = 1_000_000_000_039, 8
	begin := `{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}` + "\n"
	in := begin
	for i := range jobs {
		in += fmt.Sprintf(`{"src":"c7","dest":"n1","body":{"type":"divide","msg_id":%d,"number":%d}}`+"\n", i+1, prime)
	}
	state, before, after := threads(t, in+`{"src":"c0","dest":"n1","body":{"type":"snapshot","msg_id":2}}`+"\n")
	if before+after != jobs || len(state.Jobs) != after {
		t.Errorf("got %d replies, a state with %d jobs, and %d replies, want %d replies, the last ones to the jobs of the state", before, len(state.Jobs), after, jobs)
	}
	if after == 0 {
		t.Log("all jobs were done in time")
	}
	_, before, after = threads(t, begin+fmt.Sprintf(`{"src":"c0","dest":"n1","body":{"type":"restore","msg_id":2,"state":%s}}`+"\n", state.text))
	if before != 0 || after != len(state.Jobs) {
		t.Errorf("restored with %d jobs: got %d replies before restore_ok and %d after it, want none and one for each job", len(state.Jobs), before, after)
	}
}

type threadsState struct {
	Jobs []json.RawMessage
	text []byte
}

// threads runs the program with lines as its input. It returns the state in the reply to
// request 2, and how many jobs the program answered before and after that reply.
func threads(t *testing.T, in string) (state threadsState, before, after int) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "python3", "testdata/threads.py")
	c.Stdin = strings.NewReader(in)
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: got %v, want success", c, err)
	}
	replied := false
	for line := range bytes.Lines(out) {
		m := clustertest.JSON[struct {
			Dest string
			Body struct {
				InReplyTo int `json:"in_reply_to"`
				State     json.RawMessage
			}
		}](line)
		switch {
		case m.Dest == "c0" && m.Body.InReplyTo == 2:
			replied = true
			if m.Body.State != nil {
				state = clustertest.JSON[threadsState](m.Body.State)
				state.text = m.Body.State
			}
		case m.Dest == "c7" && replied:
			after++
		case m.Dest == "c7":
			before++
		}
	}
	return state, before, after
}
