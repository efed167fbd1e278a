// Package program holds the bundled programs, and makes the program that a
// cluster file names.
package program

import (
	"fmt"

	"chandy/internal/config"
	"chandy/netnode"
	"chandy/snapshot"
)

// New makes a program of the kind and with the settings that the cluster file
// gives for one process. The error lists all faults of the settings.
// The program may run in any of the processes.
func New(p config.Program, processes []snapshot.ProcessID) (netnode.Program, error) {
	switch p.Kind {
	case "bank":
		return newBank(p)
	case "token":
		return newToken(p, processes)
	}
	return nil, fmt.Errorf("unknown program kind %q: there are bank and token", p.Kind)
}
