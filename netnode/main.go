package netnode

import (
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
	"chandy/internal/config"
	"chandy/program"
	"chandy/snapshot"
)

// Main runs the node of one process as the command chandy node does, and exits. Its
// argument is the id of the process. It has the same flags, exit codes, signals and log;
// --help lists them. A main that calls it has nothing else to do:
//
//	func main() { netnode.Main(func() program.Program { return &counter{} }) }
//
// It calls newProgram for the program that it starts, and again for each restore.
//
// In the cluster file, node_command in [program] names such a binary, so that chandy up
// can start it.
func Main(newProgram func() program.Program) {
	MainFunc(func(*Cluster, snapshot.ProcessID) (program.Program, error) { return newProgram(), nil })
}

// MainFunc is Main for a program with settings: newProgram makes the program of the
// process with the given id. An error ends the node before it listens, with exit code 2.
func MainFunc(newProgram func(*Cluster, snapshot.ProcessID) (program.Program, error)) {
	host := cmdline.Host{
		Program: func(c *config.Cluster, p config.Process) (program.Program, error) { return newProgram(c, p.ID) },
		Node: func(o cmdline.NodeOptions) (cmdline.Node, error) {
			return New(Options{Cluster: o.Cluster, ID: o.Process.ID, Program: o.Program, NewProgram: o.NewProgram, Log: o.Log, Listen: o.Listen, Restore: o.Restore})
		},
	}
	app := func(e *cmdline.Env) *cli.App { return e.NodeApp(host) }
	os.Exit(cmdline.Main(filepath.Base(os.Args[0]), app, os.Args, os.Stdin, os.Stdout, os.Stderr))
}
