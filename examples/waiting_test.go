package examples_test

import (
	"bufio"
	"context"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/internal/try"
)

// counterBinary builds the program that waits for a service.
func counterBinary(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "counter")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./testdata/counter").CombinedOutput(); err != nil {
		t.Fatalf("build the counter: got %v, want success: %s", err, out)
	}
	return binary
}

// The requests that wait for the service are in the state, so that its snapshots are exact.
func TestAProgramThatWaitsForAServiceIsExact(t *testing.T) {
	report, err := try.Run(t.Context(), try.Options{
		Command: []string{counterBinary(t)}, Requests: []string{`{"type":"add","delta":%d}`},
		LineLimit: 65535, Burst: 50, Rounds: 2, Limit: 30 * time.Second,
	})
	if err != nil {
		t.Fatalf("got %v, want a report", err)
	}
	for _, r := range report.Results {
		if r.Verdict != try.Works && r.Condition != "unknown request" {
			t.Errorf("%s: got %s (%s), want %s", r.Condition, r.Verdict, r.Text, try.Works)
		}
	}
	if report.Exact == nil || !slices.Contains(report.Exact.UnderWay, "waiting") {
		t.Errorf("got %+v, want requests that waited at a snapshot", report.Exact)
	}
}

// Another instance asks the service again for each request that waited, and then answers it.
func TestARestoredInstanceAnswersTheRequestsThatWaited(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, counterBinary(t))
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	expect := func(what string, parts ...string) {
		t.Helper()
		lines.Scan()
		for _, part := range parts {
			if !strings.Contains(lines.Text(), part) {
				t.Fatalf("%s: got %q, want it to contain %s", what, lines.Text(), part)
			}
		}
	}
	io.WriteString(in, `{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}`+"\n")
	expect("init", `"init_ok"`)
	io.WriteString(in, `{"src":"c0","dest":"n1","body":{"type":"restore","msg_id":2,"state":{"count":5,"last":3,"waiting":{"3":{"src":"c7","dest":"n1","body":{"type":"add","delta":2,"msg_id":9}}}}}}`+"\n")
	expect("restore", `"restore_ok"`)
	expect("the request to the service", `"dest":"seq-kv"`, `"value":5`, `"msg_id":1`)
	io.WriteString(in, `{"src":"seq-kv","dest":"n1","body":{"type":"write_ok","in_reply_to":1}}`+"\n")
	expect("the reply", `"dest":"c7"`, `"add_ok"`, `"in_reply_to":9`)
	in.Close()
	if err := c.Wait(); err != nil {
		t.Errorf("the end: got %v, want none", err)
	}
}
