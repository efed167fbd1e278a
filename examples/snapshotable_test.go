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

// TestSnapshotablePage finds each piece of code of docs/snapshotable.md in a program
// that is run here.
func TestSnapshotablePage(t *testing.T) {
	files := map[string][]string{
		"toml":   {"token-ring/cluster.toml", "broadcast/cluster.toml", "bank-go/cluster.toml"},
		"python": {"token-ring/ring.py", "testdata/threads.py"},
		"js":     {"broadcast/broadcast.js"},
		"go":     {"bank-go/bank.go"},
	}
	blocks := regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(read(t, "../docs/snapshotable.md"), -1)
	if len(blocks) < 9 {
		t.Errorf("only %d pieces of code", len(blocks))
	}
	for _, block := range blocks {
		there := false
		for _, file := range files[block[1]] {
			there = there || strings.Contains(flush(read(t, file)), flush(block[2]))
		}
		if !there {
			t.Errorf("in none of %v:\n%s", files[block[1]], block[2])
		}
	}
}

// flush takes the indentation off.
func flush(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("\n" + strings.TrimSpace(line))
	}
	return b.String() + "\n"
}

// TestThreads has a program with a thread for each job stop in the middle, and
// another instance go on.
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
		t.Errorf("%d replies, then a state with %d jobs, then %d replies", before, len(state.Jobs), after)
	}
	if after == 0 {
		t.Log("all jobs were done in time")
	}
	_, before, after = threads(t, begin+fmt.Sprintf(`{"src":"c0","dest":"n1","body":{"type":"restore","msg_id":2,"state":%s}}`+"\n", state.text))
	if before != 0 || after != len(state.Jobs) {
		t.Errorf("restored with %d jobs, it gave %d replies, and %d before", len(state.Jobs), after, before)
	}
}

type threadsState struct {
	Jobs []json.RawMessage
	text []byte
}

// threads gives lines to the program. It tells how many jobs it answered before and
// after its reply number 2, and the state of that one.
func threads(t *testing.T, in string) (state threadsState, before, after int) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "python3", "testdata/threads.py")
	c.Stdin = strings.NewReader(in)
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %v", c, err)
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
