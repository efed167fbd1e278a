package config

import (
	"fmt"
	"strings"
	"testing"
)

// faultsOfSettings returns the faults of the settings of a file.
func faultsOfSettings(t *testing.T, text string) error {
	t.Helper()
	c, err := Parse("cluster.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c.CheckPrograms(func(p Process) []string {
		var s settings
		if err := p.Program.Decode(&s); err != nil {
			return strings.Split(err.Error(), "\n")
		}
		return nil
	})
}

// A hundred processes inherit a fault of [program], which is reported once.
func TestFaultOfSharedSettingsIsReportedOnce(t *testing.T) {
	text := "name = \"a\"\n[program]\nkind = \"bank\"\nbalanse = 1\n"
	for i := range 100 {
		text += fmt.Sprintf("[[process]]\nid = \"p%d\"\naddress = \"127.0.0.1:%d\"\n", i, 7101+i)
		if i == 50 {
			text += "program = { balance = 1, note = 2 }\n"
		}
	}
	wantError(t, faultsOfSettings(t, text), `
cluster.toml:4: program: unknown key "balanse": did you mean "balance"?
cluster.toml:158: process[50] "p50" program.note: must be a string, not an integer`[1:])
}

func TestFaultsOfSettingsHaveTheirPlaces(t *testing.T) {
	wantError(t, faultsOfSettings(t, `name = "a"
[program]
kind = "bank"
env = { A = 1, B = 2 }
"x y" = 3
command = ["a", 1]
[[process]]
id = "p1"
address = "127.0.0.1:7101"
[[process]]
id = "p2"
address = "127.0.0.1:7102"
[process.program]
kind = "other"
balance = -1
[process.program.advanced]
deptj = 1
`), `
cluster.toml:4: program.env.A: must be a string, not an integer
cluster.toml:4: program.env.B: must be a string, not an integer
cluster.toml:5: program: unknown key "x y": the keys here are balance, transfers_per_second, pause, seed, small, loud, note, command, weights, env, advanced, any
cluster.toml:6: program.command[1]: must be a string, not an integer
cluster.toml:15: process[1] "p2" program.balance: must be at least 0, not -1
cluster.toml:16: process[1] "p2" program.advanced: unknown key "deptj": did you mean "depth"?`[1:])
}
