package command

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"chandy/internal/bundled"
	"chandy/internal/cmdline"
	"chandy/internal/config"
	"chandy/netnode"
	"chandy/program"
	"chandy/snapshot"
)

func (e *env) node() *cli.Command {
	return e.NodeCommand("chandy node", cmdline.Host{
		Program: programOf,
		Node: func(o cmdline.NodeOptions) (cmdline.Node, error) {
			return netnode.New(netnode.Options{Cluster: o.Cluster, ID: o.Process.ID, Program: o.Program, NewProgram: o.NewProgram, Log: o.Log, Listen: o.Listen, Restore: o.Restore})
		},
	})
}

// programOf makes the program of a process that chandy node can run.
func programOf(cluster *config.Cluster, p config.Process) (program.Program, error) {
	if p.Program.NodeCommand == nil {
		return bundled.New(cluster, p)
	}
	return nil, fail(exitUsage, "start its own binary: "+startLine(cluster, p), "%s has a node_command: chandy does not run its program", p.ID)
}

// startHint returns the hint for a process that this client does not reach because of err.
func (a asker) startHint(id snapshot.ProcessID, err error) string {
	p, _ := a.cluster.Process(id)
	switch {
	case cmdline.Unresolved(err):
		return fmt.Sprintf("this machine does not know the name in %s: check the address of %s in %s, or add the name to the DNS or /etc/hosts", p.Address, id, a.cluster.Path)
	case errors.As(err, new(noAnswer)):
		return fmt.Sprintf("the node of %s may be stopped or busy, or a firewall may drop what comes to %s", id, p.Address)
	}
	start := "chandy node " + string(id)
	if p.Program.NodeCommand != nil {
		start = startLine(a.cluster, p)
	}
	return fmt.Sprintf("is the node of %s running? %s starts it", id, start)
}

// startLine returns what to type to start the node of a process with a node_command.
func startLine(cluster *config.Cluster, p config.Process) string {
	command := p.Program.NodeCommand
	words := append([]string{shown(cluster, command[0])}, command[1:]...)
	return fmt.Sprintf("%s --cluster %s %s", strings.Join(words, " "), cluster.Path, p.ID)
}

// shown returns the name of a binary of the cluster file as a shell takes it. A name with
// a slash is relative to the file, and a name without one is looked up in $PATH.
func shown(cluster *config.Cluster, name string) string {
	if filepath.IsAbs(name) || !strings.Contains(name, "/") {
		return name
	}
	path := filepath.Join(fileDir(cluster), name)
	if !strings.Contains(path, "/") {
		path = "./" + path
	}
	return path
}

// fileDir returns the directory of the cluster file as the user may have typed it.
func fileDir(cluster *config.Cluster) string {
	if cluster.Text != nil {
		return "."
	}
	return filepath.Dir(cluster.Path)
}
