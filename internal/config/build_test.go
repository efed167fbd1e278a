package config

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"chandy/snapshot"
)

func build(t *testing.T, d Definition) *Cluster {
	t.Helper()
	c, err := Build(d)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// two returns the definition of two processes without further settings.
func two() Definition {
	return Definition{Name: "bank", Processes: []ProcessDefinition{
		{ID: "p1", Address: "127.0.0.1:7101"},
		{ID: "p2", Address: "127.0.0.1:7102"},
	}}
}

func TestBuildEqualsTheSameFile(t *testing.T) {
	for _, test := range []struct {
		name, text string
		d          Definition
	}{
		{"defaults", small, func() Definition {
			d := two()
			d.Program = map[string]any{"kind": "bank"}
			return d
		}()},
		{"everything", `
name = "all"
[[process]]
id = "p1"
address = "[::1]:7101"
channels = ["p2", "p1"]
program = { kind = "token", hold = "1.5ms", deep = { list = [1, "a", true], rate = 0.5 } }
[[process]]
id = "p2"
address = "10.0.0.1:7102"
channels = []
program = { env = { A = "b" } }
[[process]]
id = "p3"
address = "127.0.0.1:7103"
[program]
kind = "exec"
limit = "5368709121B"
[network]
delay = "1m0.000000001s"
insecure = true
window = "4KiB"
outbox_high = "64KiB"
outbox_limit = "1GiB"
outbox_total = "5368709121B"
outbox_total_high = "1MiB"
[snapshot]
timeout = "24h"
limit = 4096
markers = "in-order"
journal = 0
store = "s"
every = "1h"
keep = 3
recover = "off"
recover_corrupt = "older"
stop_timeout = "2s"
[limits]
memory = "8GiB"
`, Definition{
			Name: "all",
			Processes: []ProcessDefinition{
				{ID: "p1", Address: "[::1]:7101", Channels: []snapshot.ProcessID{"p2", "p1"}, Program: map[string]any{
					"kind": "token", "hold": 1500 * time.Microsecond,
					"deep": map[string]any{"list": []any{uint8(1), "a", true}, "rate": float32(0.5)},
				}},
				{ID: "p2", Address: "10.0.0.1:7102", Channels: []snapshot.ProcessID{}, Program: map[string]any{"env": map[string]string{"A": "b"}}},
				{ID: "p3", Address: "127.0.0.1:7103"},
			},
			Program: map[string]any{"kind": "exec", "limit": Size(5<<30 + 1)},
			Network: Network{
				Delay: time.Minute + 1, Insecure: true, Window: 4 << 10,
				OutboxHigh: 64 << 10, OutboxLimit: 1 << 30, OutboxTotal: 5<<30 + 1, OutboxTotalHigh: 1 << 20,
			},
			Snapshot: Snapshot{Timeout: 24 * time.Hour, Limit: 4096, Markers: "in-order", Journal: JournalOff, Store: "s", Every: time.Hour, Keep: 3, Recover: "off", RecoverCorrupt: "older", StopTimeout: 2 * time.Second},
			Limits:   Limits{Memory: 8 << 30},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, want := build(t, test.d), parse(t, test.text)
			if got.Hash() != want.Hash() {
				t.Errorf("hash: got that of\n%s\nwant that of\n%s", got.agreed(), want.agreed())
			}
			want.Path, want.lines = "", nil
			if !reflect.DeepEqual(got, want) {
				t.Errorf("cluster: got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestBuildNeedsNoKind(t *testing.T) {
	d := two()
	d.Program = map[string]any{"rate": 7}
	d.Processes[1].Program = map[string]any{"kind": "other"}
	c := build(t, d)
	var settings struct {
		Rate int `toml:"rate"`
	}
	if err := c.Processes[0].Program.Decode(&settings); err != nil || settings.Rate != 7 {
		t.Errorf("settings: got %+v (error: %v), want rate 7", settings, err)
	}
	if got, want := c.Processes[0].Program.Kind+" "+c.Processes[1].Program.Kind, "go other"; got != want {
		t.Errorf("kinds: got %s, want %s", got, want)
	}
}

func TestBuildReportsAllFaults(t *testing.T) {
	for _, test := range []struct {
		name string
		d    Definition
		want string
	}{
		{"nothing given", Definition{}, `
name: is missing: give the cluster one, such as name = "bank"
process: is missing: write at least one [[process]]`},

		{"processes", Definition{Name: "a", Processes: []ProcessDefinition{
			{ID: "p1", Address: "127.0.0.1:7101", Channels: []snapshot.ProcessID{"p9"}},
			{ID: "p1", Address: "localhost:7101"},
			{},
		}}, `
process[0] "p1" channels[0]: no process has the id "p9": a channel leads to a process of the cluster
process[1] "p1" id: "p1" is also the id of process[0]: give each process its own
process[1] "p1" address: "localhost:7101" is also the address of process[0]: give each process its own
process[2] id: is missing: give the process one, such as id = "p3"
process[2] address: is missing: give the process one, such as address = "127.0.0.1:7103"`},

		{"settings", func() Definition {
			d := two()
			d.Network = Network{Delay: -1, Window: 1, OutboxTotal: -5}
			d.Snapshot = Snapshot{Timeout: 25 * time.Hour, Limit: -1, Markers: "first", Journal: -2}
			return d
		}(), `
network.delay: must be from 0s to 1h, not "-1ns"
network.window: must be from 4KiB to 1GiB, not "1B"
network.outbox_total: "-5B" is not a size: write a whole number and B, KiB, MiB or GiB, such as "64MiB"
snapshot.timeout: must be from 1ms to 24h, not "25h0m0s"
snapshot.limit: must be from 1 to 4096, not -1
snapshot.markers: must be one of ahead, in-order, not "first"
snapshot.journal: must be from 0 to 1048576, not -2`},

		{"programs", func() Definition {
			d := two()
			d.Program = map[string]any{"kind": 5, "none": nil, "struct": struct{}{}}
			d.Processes[1].Program = map[string]any{"kind": "x", "list": []any{1, uint64(math.MaxUint64), map[int]int{}}}
			return d
		}(), `
program.none: is nil: leave the key out
program.struct: must be a string, a boolean, a number, a duration, a slice or a map by string, not a struct {}
program.kind: must be a string, not an integer
process[1] "p2" program.list[1]: must be at most 9223372036854775807, not 18446744073709551615
process[1] "p2" program.list[2]: must be a string, a boolean, a number, a duration, a slice or a map by string, not a map[int]int`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := Build(test.d)
			var faults *Faults
			if !errors.As(err, &faults) {
				t.Fatalf("got %+v and the error %v, want a *Faults", c, err)
			}
			wantError(t, err, test.want[1:])
		})
	}
}

func TestBuildCopiesItsInput(t *testing.T) {
	deep := map[string]any{"x": 1}
	list := []any{"a", deep}
	d := two()
	d.Program = map[string]any{"kind": "bank", "list": list}
	d.Processes[0].Channels = []snapshot.ProcessID{"p2"}
	d.Processes[0].Program = map[string]any{"own": 1}
	want, got := fmt.Sprintf("%+v", build(t, d)), build(t, d)
	deep["x"], list[0] = 2, "b"
	d.Program["kind"], d.Processes[0].Program["own"], d.Processes[0].Channels[0] = "other", 2, "p1"
	d.Processes[1].ID = "p9"
	if got := fmt.Sprintf("%+v", got); got != want {
		t.Errorf("after the definition was changed\ngot  %s\nwant %s", got, want)
	}
}
