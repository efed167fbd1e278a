package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"chandy/snapshot"
)

// small is a file without faults. Tests append to it.
const small = `
name = "bank"
process = [
  { id = "p1", address = "127.0.0.1:7101" },
  { id = "p2", address = "127.0.0.1:7102" },
]
program = { kind = "bank" }
`

func parse(t *testing.T, text string) *Cluster {
	t.Helper()
	c, err := Parse("cluster.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if got := fmt.Sprint(err); got != want {
		t.Errorf("got the error\n%s\nwant\n%s", got, want)
	}
}

func TestSettingsReplaceTheDefaults(t *testing.T) {
	for _, test := range []struct {
		text     string
		network  Network
		snapshot Snapshot
		limits   Limits
	}{
		{
			small,
			Network{Window: 1 << 20, OutboxHigh: 48 << 20, OutboxLimit: 64 << 20, OutboxTotal: 512 << 20, OutboxTotalHigh: 256 << 20},
			Snapshot{Timeout: 10 * time.Second, Limit: 16, Markers: "ahead", Journal: 4096, Store: ".chandy/store", Keep: 10, Recover: "off", RecoverCorrupt: "stop", StopTimeout: 10 * time.Second},
			Limits{Memory: 1 << 30},
		},
		{
			small + `
network = { delay = "1h", insecure = true, window = "4KiB", outbox_high = "65536B", outbox_limit = "16GiB", outbox_total = "64GiB", outbox_total_high = "1MiB" }
snapshot = { timeout = "24h", limit = 4096, markers = "in-order", journal = 0, store = "/s", every = "24h", keep = 1000000, recover_corrupt = "older", stop_timeout = "1h" }
limits = { memory = "64GiB" }
`,
			Network{Delay: time.Hour, Insecure: true, Window: 4 << 10, OutboxHigh: 64 << 10, OutboxLimit: 16 << 30, OutboxTotal: 64 << 30, OutboxTotalHigh: 1 << 20},
			Snapshot{Timeout: 24 * time.Hour, Limit: 4096, Markers: "in-order", Store: "/s", Every: 24 * time.Hour, Keep: 1000000, Recover: "latest", RecoverCorrupt: "older", StopTimeout: time.Hour},
			Limits{Memory: 64 << 30},
		},
	} {
		got, want := parse(t, test.text), Cluster{Name: "bank", Path: "cluster.toml", Network: test.network, Snapshot: test.snapshot, Limits: test.limits}
		if got.Name != want.Name || got.Path != want.Path || got.Network != want.Network || got.Snapshot != want.Snapshot || got.Limits != want.Limits {
			t.Errorf("%s\ngot  %+v\nwant %+v", test.text, got, want)
		}
	}
}

func TestChannelsAreThoseOfTheFile(t *testing.T) {
	for _, test := range []struct {
		name, p2 string
		want     string // p2's channels, then all
	}{
		{"left out", ``, "[p3 p1] [p1->p3 p2->p1 p2->p3 p3->p2]"},
		{"left out, exec", `program.kind = "exec"`, "[p3 p2 p1] [p1->p3 p2->p1 p2->p2 p2->p3 p3->p2]"},
		{"none", `channels = []`, "[] [p1->p3 p3->p2]"},
		{"in the order of the file, self too", `channels = ["p3", "p2"]`, "[p3 p2] [p1->p3 p2->p2 p2->p3 p3->p2]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := parse(t, `
name = "ring"
[program]
kind = "token"
[[process]]
id = "p3"
address = "127.0.0.1:7103"
channels = ["p2"]
[[process]]
id = "p2"
address = "127.0.0.1:7102"
`+test.p2+`
[[process]]
id = "p1"
address = "127.0.0.1:7101"
channels = ["p3"]
`)
			p2, _ := c.Process("p2")
			if got := fmt.Sprint(p2.Channels, " ", c.Channels()); got != test.want {
				t.Errorf("channels of p2 and of all: got %s, want %s", got, test.want)
			}
			if p2.Channels == nil {
				t.Error("channels of p2: got nil, want a list")
			}
			if got, want := fmt.Sprint(c.IDs()), "[p1 p2 p3]"; got != want {
				t.Errorf("ids: got %s, want %s", got, want)
			}
		})
	}
}

func TestUnknownProcessIsNotFound(t *testing.T) {
	if p, ok := parse(t, small).Process("p9"); ok || p.ID != "" {
		t.Errorf("process p9: got %+v, %v; want none and false", p, ok)
	}
}

func TestAllFaultsOfAFileAreReported(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"empty", ``, `
cluster.toml: name: is missing: give the cluster one, such as name = "bank"
cluster.toml: process: is missing: write at least one [[process]]`},

		{"empty process", `name = "a"` + "\n[[process]]", `
cluster.toml: program.kind: is missing: name a program, such as kind = "bank"
cluster.toml:2: process[0] id: is missing: give the process one, such as id = "p1"
cluster.toml:2: process[0] address: is missing: give the process one, such as address = "127.0.0.1:7101"`},

		{"unknown keys", strings.Replace(small, `id = "p2"`, `id = "p2", chanels = []`, 1) + `
nmae = "x"
colour = 1
network = { Delay = "1s", x = 1 }
[snapshot.archive]
dir = "x"
`, `
cluster.toml:9: unknown key "nmae": did you mean "name"?
cluster.toml:10: unknown key "colour": the keys here are name, process, program, network, snapshot, limits, tls
cluster.toml:11: network: unknown key "Delay": did you mean "delay"?
cluster.toml:11: network: unknown key "x": the keys here are delay, insecure, window, outbox_high, outbox_limit, outbox_total, outbox_total_high
cluster.toml:12: snapshot: unknown key "archive": the keys here are timeout, limit, markers, journal, store, every, keep, recover, recover_corrupt, stop_timeout
cluster.toml: process[1] "p2": unknown key "chanels": did you mean "channels"?`},

		{"wrong types, which are not missing too", `
name = 5
process = 1
program = true
network = { delay = 50, insecure = "yes" }
snapshot = { timeout = 1.5, limit = 2020-01-01 }
`, `
cluster.toml:2: name: must be a string, not an integer
cluster.toml:3: process: must be an array, not an integer
cluster.toml:4: program: must be a table, not true or false
cluster.toml:5: network.delay: must be a duration such as "50ms", not an integer
cluster.toml:5: network.insecure: must be true or false, not a string
cluster.toml:6: snapshot.timeout: must be a duration such as "50ms", not a float
cluster.toml:6: snapshot.limit: must be an integer, not a date or time`},

		{"wrong types in processes", `
name = "a"
process = [
  7,
  { id = 1, address = [], channels = "p1", program = "bank" },
  { id = "p1", address = "127.0.0.1:7101", channels = ["p1", {}], program = { kind = 1 } },
]
`, `
cluster.toml: program.kind: is missing: name a program, such as kind = "bank"
cluster.toml:3: process[0]: must be a table, not an integer
cluster.toml: process[1] id: must be a string, not an integer
cluster.toml: process[1] address: must be a string, not an array
cluster.toml: process[1] channels: must be an array, not a string
cluster.toml: process[1] program: must be a table, not a string
cluster.toml: process[2] "p1" channels[1]: must be a string, not a table
cluster.toml: process[2] "p1" program.kind: must be a string, not an integer`},

		{"durations, sizes and choices", small + `
network = { delay = "fast", window = "1MB", outbox_high = "1.5MiB", outbox_limit = "-1MiB", outbox_total = 4096 }
snapshot.markers = "first"
`, `
cluster.toml:9: network.delay: "fast" is not a duration: write a number and its unit, such as "50ms" or "1m30s"
cluster.toml:9: network.window: "1MB" is not a size: write a whole number and B, KiB, MiB or GiB, such as "64MiB"
cluster.toml:9: network.outbox_high: "1.5MiB" is not a size: write a whole number and B, KiB, MiB or GiB, such as "64MiB"
cluster.toml:9: network.outbox_limit: "-1MiB" is not a size: write a whole number and B, KiB, MiB or GiB, such as "64MiB"
cluster.toml:9: network.outbox_total: must be a size such as "64MiB", not an integer
cluster.toml:10: snapshot.markers: must be one of ahead, in-order, not "first"`},

		{"outboxes that do not fit into each other", small + `
network = { outbox_high = "32MiB", outbox_limit = "32MiB", outbox_total = "31MiB", outbox_total_high = "1GiB" }
limits.memory = "30MiB"
`, `
cluster.toml:9: network.outbox_high: must be less than outbox_limit (32MiB), not 32MiB
cluster.toml:9: network.outbox_limit: must be at most outbox_total (31MiB), not 32MiB
cluster.toml:9: network.outbox_total: must be at most limits.memory (30MiB), not 31MiB
cluster.toml:9: network.outbox_total_high: must be less than outbox_total (31MiB), not 1GiB`},

		{"an outbox beyond a default", small + `
network = { outbox_limit = "65537B" }
`, `
cluster.toml:9: network.outbox_high: must be less than outbox_limit (65537B), not 48MiB`},

		{"too little", small + `
network = { delay = "-1ms", window = "1KiB", outbox_limit = "GiB", outbox_total = "1B" }
snapshot = { timeout = "0s", limit = 0 }
`, `
cluster.toml:9: network.delay: must be from 0s to 1h, not "-1ms"
cluster.toml:9: network.window: must be from 4KiB to 1GiB, not "1KiB"
cluster.toml:9: network.outbox_limit: "GiB" is not a size: write a whole number and B, KiB, MiB or GiB, such as "64MiB"
cluster.toml:9: network.outbox_total: must be from 64KiB to 64GiB, not "1B"
cluster.toml:10: snapshot.timeout: must be from 1ms to 24h, not "0s"
cluster.toml:10: snapshot.limit: must be from 1 to 4096, not 0`},

		{"too much", small + `
network.delay = "1h1ns"
snapshot = { timeout = "25h", limit = 4097, journal = 1048577 }
`, `
cluster.toml:9: network.delay: must be from 0s to 1h, not "1h1ns"
cluster.toml:10: snapshot.timeout: must be from 1ms to 24h, not "25h"
cluster.toml:10: snapshot.limit: must be from 1 to 4096, not 4097
cluster.toml:10: snapshot.journal: must be from 0 to 1048576, not 1048577`},

		{"ids", `
name = "Bank"
program.kind = "bank"
process = [
  { id = "P1", address = "127.0.0.1:7101" },
  { id = "c1", address = "127.0.0.1:7102" },
  { id = "p3", address = "127.0.0.1:7103" },
  { id = "p3", address = "127.0.0.1:7104" },
  { id = "", address = "127.0.0.1:7105" },
]
`, `
cluster.toml:2: name: must consist of a-z, 0-9, '.', '_' and '-', and begin and end with a letter or a digit
cluster.toml: process[0] "P1" id: must consist of a-z, 0-9, '.', '_' and '-', and begin and end with a letter or a digit
cluster.toml: process[1] "c1" id: is kept for clients (c followed by digits)
cluster.toml: process[3] "p3" id: "p3" is also the id of process[2]: give each process its own
cluster.toml: process[4] id: is missing: give the process one, such as id = "p5"`},

		{"lines in processes", `
name = "a"
[[process]]
id = "p1"
address = "127.0.0.1:7101"
[program] # between them
kind = "bank"
  [[ "process" ]] # another
  id = "p2"
  address = "127.0.0.1"
  program.kind = 1
[network]
delay = 1
[[process]]
adress = "127.0.0.1:7103"
channels = [
  "p1",
  "p4",
]
[process.program]
kind = ""
`, `
cluster.toml:10: process[1] "p2" address: "127.0.0.1" has no port: write for example 127.0.0.1:7101
cluster.toml:11: process[1] "p2" program.kind: must be a string, not an integer
cluster.toml:13: network.delay: must be a duration such as "50ms", not an integer
cluster.toml:14: process[2] id: is missing: give the process one, such as id = "p3"
cluster.toml:14: process[2] address: is missing: give the process one, such as address = "127.0.0.1:7103"
cluster.toml:15: process[2]: unknown key "adress": did you mean "address"?
cluster.toml:16: process[2] channels[1]: no process has the id "p4": a channel leads to a process of the cluster
cluster.toml:21: process[2] program.kind: is empty: name a program, such as kind = "bank"`},

		{"a header in a text", `
name = "a"
program.kind = "bank"
[[process]]
id = "p1"
address = "127.0.0.1:7101"
program = { note = """
[[process]]
""", kind = 1 }
`, `
cluster.toml: process[0] "p1" program.kind: must be a string, not an integer`},

		{"one pair of brackets", `
name = "a"
program.kind = "bank"
[process]
id = "p1"
`, `
cluster.toml:4: process: must be an array of tables: write [[process]], not [process]`},

		{"addresses", `
name = "a"
program.kind = "bank"
process = [
  { id = "p1", address = "127.0.0.1:7101" },
  { id = "p2", address = "LocalHost:07101" },
  { id = "p3", address = "10.0.0.1:7101" },
  { id = "p4", address = "7101" },
]
`, `
cluster.toml: process[1] "p2" address: "LocalHost:07101" is also the address of process[0]: give each process its own
cluster.toml: process[2] "p3" address: "10.0.0.1:7101" is not loopback: use 127.0.0.1, or [tls] with certificates (chandy cert DIR makes them), or [network] insecure = true if everybody who can reach it is trusted
cluster.toml: process[3] "p4" address: "7101" has no host: write for example 127.0.0.1:7101`},

		{"address that nobody can dial", `
name = "a"
program.kind = "bank"
network.insecure = true
process = [{ id = "p1", address = "0.0.0.0:7101" }]
`, `
cluster.toml: process[0] "p1" address: "0.0.0.0:7101" cannot be dialled: write the address that the other processes dial, and give this one to --listen`},

		{"channels", `
name = "a"
program.kind = "bank"
[[process]]
id = "p1"
address = "127.0.0.1:7101"
channels = ["p1", "p9", "p1", "p1", "p9"]
`, `
cluster.toml:7: process[0] "p1" channels[1]: no process has the id "p9": a channel leads to a process of the cluster
cluster.toml:7: process[0] "p1" channels[2]: "p1" is listed at channels[0] already: list each receiver once
cluster.toml:7: process[0] "p1" channels[3]: "p1" is listed at channels[0] already: list each receiver once
cluster.toml:7: process[0] "p1" channels[4]: no process has the id "p9": a channel leads to a process of the cluster`},

		{"kind is empty", strings.Replace(small, `"bank" }`, `"" }`, 1), `
cluster.toml:7: program.kind: is empty: name a program, such as kind = "bank"`},

		{"kind is missing", strings.Replace(small, `{ kind = "bank" }`, `{ balance = 1 }`, 1), `
cluster.toml:7: program.kind: is missing: name a program, such as kind = "bank"`},

		{"node_command", `
name = "a"
program = { node_command = [] }
process = [
  { id = "p1", address = "127.0.0.1:7101" },
  { id = "p2", address = "127.0.0.1:7102", program = { node_command = ["", 1, "\u0000"] } },
  { id = "p3", address = "127.0.0.1:7103", program = { node_command = ["./x"], kind = "exec" } },
  { id = "p4", address = "127.0.0.1:7104", program = { node_command = "./x" } },
  { id = "p5", address = "127.0.0.1:7105" },
]
`, `
cluster.toml:3: program.node_command: is empty: name the binary, such as ["./counter"]
cluster.toml: process[1] "p2" program.node_command[1]: must be a string, not an integer
cluster.toml: process[1] "p2" program.node_command[0]: is empty: name the binary
cluster.toml: process[1] "p2" program.node_command[2]: must not contain a NUL
cluster.toml: process[2] "p3" program.kind: is "exec", whose children chandy runs: leave out either kind or node_command
cluster.toml: process[3] "p4" program.node_command: must be an array, not a string`},

		{"syntax", "name = \"a\"\nprocess = [[\n", `
cluster.toml:2:13: unexpected EOF; expected value`},
		{"one pair of brackets, twice", "[process]\nid = \"a\"\n[process]\nid = \"b\"\n", `
cluster.toml:3:2: key 'process' has already been defined: write [[process]] for each process`},
		{"one pair of brackets first", "[process]\nid = \"a\"\n[[process]]\nid = \"b\"\n", `
cluster.toml:3:3: key 'process' was already created and cannot be used as an array: write [[process]] for each process`},
		{"key twice", "name = \"a\"\nname = \"b\"\n", `
cluster.toml:2:1: key 'name' has already been defined`},
		{"after other letters", "\ufeffname = \"é\" x", `
cluster.toml:1:11: expected a top-level item to end with a newline, comment, or EOF, but got 'x' instead`},
		{"not UTF-8", "name = \"\xff\"", `
cluster.toml:1:8: invalid UTF-8 byte: 0xff`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := Parse("cluster.toml", []byte(test.text))
			var faults *Faults
			if !errors.As(err, &faults) || faults.Path != "cluster.toml" {
				t.Errorf("got %+v and the error %#v, want a *Faults of cluster.toml", c, err)
			}
			wantError(t, err, test.want[1:])
		})
	}
}

// A text without a file has lines, and no name to stand before them.
func TestFaultsOfATextWithoutAFile(t *testing.T) {
	_, err := Parse("", []byte("name = 1"))
	wantError(t, err, "process: is missing: write at least one [[process]]\nline 1: name: must be a string, not an integer")
	_, err = Parse("", []byte("name = = 1"))
	wantError(t, err, "line 1, column 8: expected value but found '=' instead")
}

func TestFaultHasLineAndPlace(t *testing.T) {
	_, err := Parse("f", []byte("name = 1\n[[process]]\nid = 'p1'\naddress = ''\nprogram.kind = 'x'"))
	var faults *Faults
	if !errors.As(err, &faults) {
		t.Fatal(err)
	}
	want := []Fault{
		{Line: 1, Path: "name", Text: "must be a string, not an integer"},
		{Line: 4, Path: `process[0] "p1" address`, Text: `is missing: give the process one, such as address = "127.0.0.1:7101"`},
	}
	if !reflect.DeepEqual(faults.List, want) || faults.More != 0 {
		t.Errorf("got  %+v and %d more\nwant %+v and 0 more", faults.List, faults.More, want)
	}
}

func TestFaultsAreLimited(t *testing.T) {
	text, d := small, two()
	for i := range faultsMax + 7 {
		text += fmt.Sprintf("x%d = 1\n", i)
		d.Processes[0].Channels = append(d.Processes[0].Channels, snapshot.ProcessID(fmt.Sprintf("x%d", i)))
	}
	_, inFile := Parse("f", []byte(text))
	_, inCode := Build(d)
	for want, err := range map[string]error{"f: and 7 more": inFile, "and 7 more": inCode} {
		lines := strings.Split(fmt.Sprint(err), "\n")
		if got := lines[len(lines)-1]; len(lines) != faultsMax+1 || got != want {
			t.Errorf("got %d lines, the last %q; want %d, the last %q", len(lines), got, faultsMax+1, want)
		}
	}
}

func TestProcessesAreLimited(t *testing.T) {
	file := func(n int) []byte {
		var b strings.Builder
		b.WriteString("name = 'a'\nprogram.kind = 'bank'\n")
		for i := range n {
			fmt.Fprintf(&b, "[[process]]\nid = 'p%d'\naddress = '127.0.0.1:%d'\n", i, 1000+i)
		}
		return []byte(b.String())
	}
	c, err := Parse("f", file(ProcessesMax))
	if err != nil {
		t.Fatal(err)
	}
	if n, want := len(c.Processes[0].Channels), ProcessesMax-1; n != want {
		t.Errorf("channels of p0: got %d, want %d", n, want)
	}
	_, err = Parse("f", file(ProcessesMax+1))
	wantError(t, err, "f:3075: process: there are 1025: a cluster has at most 1024")
}

// A long value is cut, and a key with a line end stays on one line.
func TestFaultsAreShort(t *testing.T) {
	_, err := Parse("f", []byte(small+"network.delay = '"+strings.Repeat("é", 1000)+"'\n\"a\\nb\" = 1"))
	wantError(t, err, `f:8: network.delay: "`+strings.Repeat("é", 80)+`"… is not a duration: write a number and its unit, such as "50ms" or "1m30s"`+"\n"+
		`f:9: unknown key "a\nb": the keys here are name, process, program, network, snapshot, limits, tls`)
}

func TestNamesAreChecked(t *testing.T) {
	for name, want := range map[string]bool{
		"bank": true, "c1": true, "a.b_c-9": true, strings.Repeat("a", 64): true,
		"": false, "Bank": false, "-a": false, strings.Repeat("a", 65): false, "c" + strings.Repeat("1", 64): false,
	} {
		_, err := Parse("f", []byte(strings.Replace(small, `"bank"`, `"`+name+`"`, 1)))
		if (err == nil) != want {
			t.Errorf("name %q: got error %v, want it accepted: %v", name, err, want)
		}
	}
}

func TestHashCoversWhatNodesMustAgreeOn(t *testing.T) {
	const text = `
name = "bank"
program.kind = "bank"
process = [
  { id = "p2", address = "127.0.0.1:7102" },
  { id = "p1", address = "127.0.0.1:7101" },
]
`
	c := parse(t, text)
	const want = "chandy/cluster.v1\nname bank\nprocess p1\nprocess p2\nchannel p1->p2\nchannel p2->p1\nmarkers ahead\n"
	if got := c.agreed(); got != want {
		t.Errorf("text under the hash: got\n%s\nwant\n%s", got, want)
	}
	for _, test := range []struct {
		old, new string
		same     bool
	}{
		{`name = "bank"`, `name = "bunk"`, false},
		{`id = "p2"`, `id = "p3"`, false},
		{`id = "p2"`, `id = "p2", channels = []`, false},
		{`kind = "bank"`, `kind = "exec"`, false}, // channels to itself
		{`name`, "snapshot.markers = 'in-order'\nname", false},
		{`name`, "snapshot.markers = 'ahead'\nname", true},
		{`name`, "snapshot.recover = 'latest'\nname", false},
		{`name`, "snapshot.every = '1s'\nname", false}, // recover follows
		{`name`, "snapshot.every = '1s'\nsnapshot.recover = 'off'\nname", true},
		{`name`, "snapshot.recover_corrupt = 'older'\nname", true},
		{`name`, "snapshot.stop_timeout = '1s'\nname", true},
		{`id = "p2"`, `id = "p2", channels = ["p1"]`, true},
		{`kind = "bank"`, `kind = "token"`, true},
		{`7102`, `7109`, true},
		{`name`, "network.delay = '1s'\nsnapshot.limit = 1\nname", true},
	} {
		other := parse(t, strings.Replace(text, test.old, test.new, 1))
		if got := c.Hash() == other.Hash(); got != test.same {
			t.Errorf("%s in place of %s: got the same hash %v, want %v", test.new, test.old, got, test.same)
		}
	}
	recovers := parse(t, "snapshot.recover = 'latest'\n"+text)
	if got, want := recovers.agreed(), want+"recover latest\n"; got != want {
		t.Errorf("text under the hash with recovery: got\n%s\nwant\n%s", got, want)
	}
	if c.SnapshotHash() != recovers.SnapshotHash() {
		t.Errorf("got another hash for saved snapshots with recovery than without, want the same")
	}
}

// FuzzParse checks that Parse returns faults of one line, or a cluster that satisfies the
// rules: valid and unique ids, valid addresses, sorted channels between its processes.
func FuzzParse(f *testing.F) {
	f.Add(small)
	f.Add("name = 'a'\n[[process]]\nid = 'p1'\naddress = '[::1]:1'\nchannels = ['p1']\nprogram = {kind='exec', a={b=[1,{c=2}]}}\n")
	f.Add("nmae = 1\n[[process]]\n[process.program]\n'' = 2\n[network]\ndelay = '1y'\n[program]\nkind.x = 1")
	f.Add("a = [[[]]]\nb = 1979-05-27T07:32:00Z\n[[c.d]]\n[c]")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse("f", []byte(text))
		if err != nil {
			var faults *Faults
			if !errors.As(err, &faults) || len(faults.List) == 0 {
				t.Fatalf("got error %#v, want a *Faults with at least one", err)
			}
			for _, fault := range faults.List {
				if fault.Text == "" || strings.Contains(fault.String(), "\n") {
					t.Errorf("got fault %q, want one line", fault)
				}
			}
			return
		}
		ids := make(map[snapshot.ProcessID]bool)
		for _, p := range c.Processes {
			if err := p.ID.Check(); err != nil || ids[p.ID] {
				t.Errorf("id %q: got error %v, twice %v; want a valid id, once", p.ID, err, ids[p.ID])
			}
			if err := c.CheckAddress(p.Address); err != nil {
				t.Errorf("address of %s: got %v, want no error", p.ID, err)
			}
			if p.Program.Kind == "" {
				t.Errorf("program of %s: got no kind, want one", p.ID)
			}
			ids[p.ID] = true
		}
		if c.Name == "" || len(ids) == 0 {
			t.Errorf("got name %q and %d processes, want a name and some processes", c.Name, len(ids))
		}
		var last snapshot.Channel
		for _, channel := range c.Channels() {
			if !ids[channel.From] || !ids[channel.To] || last.Compare(channel) >= 0 {
				t.Errorf("got channel %s after %s, want ends in %v, and sorted", channel, last, ids)
			}
			last = channel
		}
	})
}
