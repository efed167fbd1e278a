package examples_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	execkind "chandy/internal/child"
	"chandy/internal/clustertest"
	"chandy/internal/config"
	"chandy/program"
)

// Each example goes on from a state that it has taken while it was held. Alone it changes
// nothing by itself, so a snapshot has the same state.
func TestHeldExamplesGoOnFromTheirState(t *testing.T) {
	for folder, test := range map[string]struct{ command, state string }{
		"token-ring": {"python3", `{"token":null,"hop":41,"waiting":[["c9",3]]}`},
		"broadcast":  {"node", `{"seen":[7,5],"unacked":{"n2":[5]}}`},
		"bank-go":    {"go", `{"balance":977}`},
	} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(test.command); err != nil {
				t.Skipf("examples/%s is not run: %v", folder, err)
			}
			c := clustertest.New(t, alone(t, folder), clustertest.Options{Program: func(c *config.Cluster, p config.Process) (program.Program, error) {
				return execkind.New(c, p)
			}})
			x := c.Program("n1").(*execkind.Program)
			done := make(chan error, 1)
			x.TakeOrigin(program.Origin{Epoch: 2, Snapshot: "s-1"})
			x.Restore([]byte(test.state), func(err error) { done <- err })
			select {
			case err := <-done:
				if err != nil {
					t.Fatalf("restore: got error %v, want none", err)
				}
			case <-time.After(time.Minute):
				t.Fatal("restore: got no call of done within a minute")
			}
			c.Host("n1", x)
			got := c.Complete("n1").Process("n1").State
			if got.Error != "" || !reflect.DeepEqual(clustertest.JSON[any](got.Bytes), clustertest.JSON[any](test.state)) {
				t.Errorf("restored: got the state %s, error %q, want %s", got.Bytes, got.Error, test.state)
			}
		})
	}
}

// alone returns a cluster file with one process of an example.
func alone(t *testing.T, folder string) string {
	t.Helper()
	text := read(t, folder+"/cluster.toml")
	_, table, _ := strings.Cut(text, "[program]\n")
	dir, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(table) { // clustertest has its files in another directory
		var command []string
		if value, ok := strings.CutPrefix(line, "command = "); ok && json.Unmarshal([]byte(value), &command) == nil {
			for i, name := range command {
				if strings.HasSuffix(name, ".py") || strings.HasSuffix(name, ".js") || strings.HasSuffix(name, ".go") {
					command[i] = filepath.Join(dir, name)
				}
			}
			quoted, _ := json.Marshal(command)
			table = strings.Replace(table, line, fmt.Sprintf("command = %s\n", quoted), 1)
		}
	}
	if cache, err := exec.Command("go", "env", "GOCACHE").Output(); err == nil { // a child gets no GOCACHE of ours, and might compile everything
		table = fmt.Sprintf("env = { GOCACHE = %q }\n%s", strings.TrimSpace(string(cache)), table)
	}
	return clustertest.File("[program]\n"+table, "n1")
}
