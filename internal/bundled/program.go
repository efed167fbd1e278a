// Package bundled contains the bundled programs: bank, token, philosophers, diffusing,
// and the services of Maelstrom. [New] makes the program that a cluster file names.
//
// A bundled program embeds base, which answers its requests with a table of handlers.
// The services embed service, which adds requests of other processes.
package bundled

import (
	"fmt"
	"slices"
	"strings"

	"chandy/internal/child"
	"chandy/internal/config"
	"chandy/program"
	"chandy/snapshot"
)

// New makes the program of process p of the cluster, without starting it. An error lists
// all faults of the program's settings.
func New(cluster *config.Cluster, p config.Process) (program.Program, error) {
	if p.Program.Kind == config.KindExec {
		x, err := child.New(cluster, p)
		if err != nil {
			return nil, err
		}
		return x, nil
	}
	return bundled(p.Program, cluster.IDs())
}

// bundled makes a bundled program for one process of a cluster of the given processes.
func bundled(p config.Program, processes []snapshot.ProcessID) (program.Program, error) {
	switch p.Kind {
	case "bank":
		return newBank(p)
	case "philosophers":
		return newPhilosophers(p)
	case "diffusing":
		return newDiffusing(p, processes)
	case "token":
		return newToken(p, processes)
	case "lin-kv", "seq-kv", "lww-kv":
		return newKV(p, processes)
	case "lin-tso":
		return newTSO(p, processes)
	}
	return nil, fmt.Errorf("kind: unknown program %q: %s", p.Kind, advice(p.Kind))
}

// kinds are the kinds that New knows.
var kinds = []string{"bank", "token", "philosophers", "diffusing", "exec", "lin-kv", "lin-tso", "seq-kv", "lww-kv"}

// advice returns what to write in place of an unknown kind.
func advice(kind string) string {
	if best := config.Suggest(kind, kinds); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "there are " + strings.Join(kinds, ", ") + ", and node_command for a binary of your own"
}

// named returns an error unless a setting names a process of the cluster: the one that does
// what the setting is for.
func named(setting, id, does string, processes []snapshot.ProcessID) error {
	if id == "" {
		return fmt.Errorf("%s: is missing: the id of the process that %s", setting, does)
	}
	if !slices.Contains(processes, snapshot.ProcessID(id)) {
		return fmt.Errorf("%s: there is no process %.128q", setting, id)
	}
	return nil
}
