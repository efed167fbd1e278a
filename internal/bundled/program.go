// Package bundled holds the bundled programs, and makes the program that a cluster file
// names.
package bundled

import (
	"fmt"

	"chandy/internal/child"
	"chandy/internal/config"
	"chandy/program"
	"chandy/snapshot"
)

// New makes the program of one process of a cluster file, of the kind and with the
// settings that it gives. The error lists all faults of the settings. Nothing is
// started.
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

// bundled makes a bundled program, which may run in any of the processes.
func bundled(p config.Program, processes []snapshot.ProcessID) (program.Program, error) {
	switch p.Kind {
	case "bank":
		return newBank(p)
	case "token":
		return newToken(p, processes)
	case "lin-kv", "seq-kv", "lww-kv":
		return newKV(p, processes)
	case "lin-tso":
		return newTSO(p, processes)
	}
	return nil, fmt.Errorf("unknown program kind %q: there are bank, token, exec, lin-kv, lin-tso, seq-kv and lww-kv", p.Kind)
}
