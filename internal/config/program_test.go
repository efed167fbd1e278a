package config

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

type settings struct {
	Balance  int64             `toml:"balance" default:"1000" min:"0"`
	Rate     float64           `toml:"transfers_per_second" default:"10" min:"0" max:"1e6"`
	Pause    time.Duration     `toml:"pause" default:"1s" max:"1m"`
	Seed     uint64            `toml:"seed"`
	Small    int8              `toml:"small"`
	Loud     bool              `toml:"loud" default:"true"`
	Note     string            `toml:"note" default:"none"`
	Command  []string          `toml:"command"`
	Weights  []uint8           `toml:"weights" max:"9"`
	Env      map[string]string `toml:"env"`
	Advanced advanced          `toml:"advanced"`
	Any      any               `toml:"any"`
	Ignored  string
}

type advanced struct {
	Depth int `toml:"depth" default:"3"`
}

// program returns the program of p1 in a file with the given shared and own keys.
func program(t *testing.T, shared, own string) Program {
	t.Helper()
	c := parse(t, `
name = "a"
program = {`+shared+`}
process = [{ id = "p1", address = "127.0.0.1:7101", program = {`+own+`} }]
`)
	return c.Processes[0].Program
}

// A key that is left out has its default, or without a default leaves its field as it is.
func TestDecodeSetsFieldsAndDefaults(t *testing.T) {
	for _, test := range []struct {
		keys string
		want settings
	}{
		{``, settings{
			Balance: 1000, Rate: 10, Pause: time.Second, Seed: 7, Loud: true, Note: "none",
			Advanced: advanced{Depth: 3}, Ignored: "kept",
		}},
		{`, balance = 0, transfers_per_second = 0.5, pause = "1m", seed = 1, small = -128, loud = false, note = "",
			command = ["a", "b"], weights = [0, 9], env = { A = "b" }, advanced.depth = 1, any = [1]`, settings{
			Rate: 0.5, Pause: time.Minute, Seed: 1, Small: -128,
			Command: []string{"a", "b"}, Weights: []uint8{0, 9}, Env: map[string]string{"A": "b"},
			Advanced: advanced{Depth: 1}, Any: []any{int64(1)}, Ignored: "kept",
		}},
	} {
		got := settings{Seed: 7, Ignored: "kept"}
		if err := program(t, `kind = "bank"`+test.keys, ``).Decode(&got); err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("keys %q (error: %v)\ngot  %+v\nwant %+v", test.keys, err, got, test.want)
		}
	}
}

func TestOwnKeysReplaceSharedOnes(t *testing.T) {
	for _, test := range []struct{ name, shared, own, kind, note, command string }{
		{"shared", `kind = "bank", note = "x"`, ``, "bank", "x", ""},
		{"keys over it", `kind = "bank", note = "x", command = ["a"]`, `note = "y"`, "bank", "y", "a"},
		{"kind replaces it", `kind = "bank", note = "x", command = ["a"]`, `kind = "token"`, "token", "none", ""},
		{"own only", ``, `kind = "token", note = "y"`, "token", "y", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := program(t, test.shared, test.own)
			var got settings
			if err := p.Decode(&got); err != nil {
				t.Fatal(err)
			}
			if p.Kind != test.kind || got.Note != test.note || strings.Join(got.Command, " ") != test.command {
				t.Errorf("got kind %q, note %q, command %q; want %q, %q, %q", p.Kind, got.Note, got.Command, test.kind, test.note, test.command)
			}
		})
	}
}

// The binary of a process is part of what its own program replaces, and no setting.
func TestNodeCommandNamesAProgram(t *testing.T) {
	const shared = `node_command = ["./a", "-x"], note = "x"`
	for _, test := range []struct{ name, shared, own, kind, note, command string }{
		{"shared", shared, ``, KindGo, "x", "./a -x"},
		{"keys over it", shared, `note = "y"`, KindGo, "y", "./a -x"},
		{"another binary", shared, `node_command = ["./b"]`, KindGo, "none", "./b"},
		{"a kind", shared, `kind = "bank"`, "bank", "none", ""},
		{"both", ``, shared + `, kind = "b"`, "b", "x", "./a -x"},
		{"in place of a kind", `kind = "exec"`, `node_command = ["./b"]`, KindGo, "none", "./b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := program(t, test.shared, test.own)
			var got settings
			if err := p.Decode(&got); err != nil {
				t.Fatal(err)
			}
			if command := strings.Join(p.NodeCommand, " "); p.Kind != test.kind || got.Note != test.note || command != test.command {
				t.Errorf("got kind %q, note %q, command %q; want %q, %q, %q", p.Kind, got.Note, command, test.kind, test.note, test.command)
			}
		})
	}
}

func TestDecodeReportsAllFaults(t *testing.T) {
	for _, test := range []struct{ name, keys, want string }{
		{"unknown", `balanse = 1, Seed = 2, zzz = 3`, `
unknown key "Seed": did you mean "seed"?
unknown key "balanse": did you mean "balance"?
unknown key "zzz": the keys here are balance, transfers_per_second, pause, seed, small, loud, note, command, weights, env, advanced, any`},
		{"types", `balance = 1.0, transfers_per_second = "1", pause = 1, loud = 1, note = 1, command = "a", env = [], advanced = 1`, `
balance: must be an integer, not a float
transfers_per_second: must be a number, not a string
pause: must be a duration such as "50ms", not an integer
loud: must be true or false, not an integer
note: must be a string, not an integer
command: must be an array, not a string
env: must be a table, not an array
advanced: must be a table, not an integer`},
		{"ranges", `balance = -1, transfers_per_second = 1e7, pause = "61s", seed = -1, small = 128`, `
balance: must be at least 0, not -1
transfers_per_second: must be from 0 to 1e6, not 1e+07
pause: must be at most 1m, not "61s"
seed: must be at least 0, not -1
small: 128 does not fit in 8 bits`},
		{"elements", `command = ["a", 1], weights = [1, 10, 256], env = { A = 1, "b c" = 2 }, advanced = { deptj = 1 }`, `
command[1]: must be a string, not an integer
weights[1]: must be at most 9, not 10
weights[2]: 256 does not fit in 8 bits
env.A: must be a string, not an integer
env."b c": must be a string, not an integer
advanced: unknown key "deptj": did you mean "depth"?`},
		{"not a number", `transfers_per_second = nan`, `
transfers_per_second: must be a finite number, not NaN`},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantError(t, program(t, `kind = "bank", `+test.keys, ``).Decode(&settings{}), test.want[1:])
		})
	}
}

func TestDecodeIntoAnEmptyStructRefusesKeys(t *testing.T) {
	wantError(t, program(t, `kind = "token", x = 1`, ``).Decode(&struct{}{}), `unknown key "x": this table has no keys`)
}

func TestDecodePanicsOnABug(t *testing.T) {
	for name, into := range map[string]any{
		"not a pointer": settings{},
		"nil":           (*settings)(nil),
		"bad tag": &struct {
			A int `toml:"a" default:"x"`
		}{},
		"default of a slice": &struct {
			A []int `toml:"a" default:"1"`
		}{},
		"bad type": &struct {
			A chan int `toml:"x"`
		}{},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				got := recover()
				if text, ok := got.(string); !ok || !strings.HasPrefix(text, "bug: ") {
					t.Errorf("got the panic %v, want a text that begins with bug:", got)
				}
			}()
			_ = program(t, `kind = "a", x = 1`, ``).Decode(into)
		})
	}
}

func TestClusterKnowsWhetherChannelsAreNamed(t *testing.T) {
	for channels, want := range map[string]bool{``: false, `, channels = []`: true, `, channels = ["p1"]`: true} {
		c := parse(t, `
name = "a"
process = [{ id = "p1", address = "127.0.0.1:7101" }, { id = "p2", address = "127.0.0.1:7102"`+channels+` }]
program = { kind = "exec" }
`)
		if c.ChannelsNamed != want {
			t.Errorf("p2 with %q: got channels named %v, want %v", channels, c.ChannelsNamed, want)
		}
	}
}
