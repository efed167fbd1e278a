package try

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// The next child prints its id, which is the first thing that it does, only after the one
// before it has answered init.
func TestChildrenStartOneAfterTheOther(t *testing.T) {
	tr := trial{Options: options(t, "late"), ctx: t.Context(), services: map[string]bool{}}
	tr.defaults()
	var mu sync.Mutex
	var seen []string
	tr.Errors = func(_, line string) {
		mu.Lock()
		defer mu.Unlock()
		word, _, _ := strings.Cut(line, " ")
		seen = append(seen, word)
	}
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			k, err := tr.begin("init")
			if err != nil {
				t.Error(err)
				return
			}
			k.close()
		})
	}
	running.Wait()
	mu.Lock()
	defer mu.Unlock()
	if got, want := strings.Join(seen, " "), strings.TrimSpace(strings.Repeat("pid init ", 4)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The ids of the children, and the topology that they get, are Maelstrom's.
func TestChildrenAreNumberedAsInMaelstrom(t *testing.T) {
	tr := trial{Options: Options{Nodes: 3}}
	for got, want := range map[string]string{
		string(tr.initOf("n2")):     `{"src":"c0","dest":"n2","body":{"type":"init","node_id":"n2","node_ids":["n0","n1","n2"],"msg_id":1}}`,
		string(tr.topologyOf("n1")): `{"src":"c0","dest":"n1","body":{"type":"topology","topology":{"n0":["n2","n1"],"n1":["n0"],"n2":["n0"]},"msg_id":2}}`,
	} {
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

const startPause = 20 * time.Millisecond // for which the kid "late" works before init_ok
