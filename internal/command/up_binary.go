package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"chandy/internal/config"
	"chandy/snapshot"
)

// command returns the command that runs the node of a process. A node_command runs in the
// directory of the cluster file, to which its words may be relative.
func (l *launcher) command(p config.Process) (*exec.Cmd, error) {
	own := p.Program.NodeCommand
	if own == nil {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		return exec.Command(self, l.words([]string{"node"}, l.cluster.Path, p.ID)...), nil
	}
	name, err := lookBinary(l.cluster, own[0])
	if err != nil {
		return nil, err
	}
	file, err := filepath.Abs(l.cluster.Path)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(name, l.words(own[1:], file, p.ID)...)
	cmd.Dir = l.cluster.Dir()
	return cmd, nil
}

// words returns the arguments of a node: its first ones, the flags, the cluster file and
// the id.
func (l *launcher) words(first []string, file string, id snapshot.ProcessID) []string {
	if l.cluster.Text != nil {
		file = "/dev/fd/3" // the first of ExtraFiles
	}
	return slices.Concat(first, l.flags, l.restore, []string{"--cluster", file, string(id)})
}

// startWithFile starts the command of a node. A cluster file that cannot be read a second
// time comes to the node through a pipe.
func (l *launcher) startWithFile(cmd *exec.Cmd) error {
	if l.cluster.Text == nil {
		return cmd.Start()
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	cmd.ExtraFiles = []*os.File{r}
	if err := cmd.Start(); err != nil {
		w.Close()
		return err
	}
	go func() {
		w.Write(l.cluster.Text) // it fails if the node ends without reading
		w.Close()
	}()
	return nil
}

// lookBinary returns the path of a binary of the cluster file. It fails if the binary
// cannot be run.
func lookBinary(cluster *config.Cluster, name string) (string, error) {
	if strings.Contains(name, "/") && !filepath.IsAbs(name) {
		name = filepath.Join(cluster.Dir(), name)
	}
	return exec.LookPath(name)
}

// checkBinaries checks that every node_command can be run.
func checkBinaries(cluster *config.Cluster) error {
	for _, p := range cluster.Processes {
		own := p.Program.NodeCommand
		if own == nil {
			continue
		}
		if _, err := lookBinary(cluster, own[0]); err != nil {
			return fail(exitUsage, buildLine(cluster, own[0]), "node_command of %s in %s: %w", p.ID, cluster.Path, err)
		}
	}
	return nil
}

// sources are the suffixes of files that must be compiled first.
var sources = []string{".go", ".rs", ".c", ".cc", ".cpp", ".java"}

// buildLine returns the hint for a binary that is missing. Its package is most likely the
// directory of the cluster file.
func buildLine(cluster *config.Cluster, name string) string {
	switch ext := filepath.Ext(name); {
	case slices.Contains(sources, ext):
		return shown(cluster, name) + " is a source file: name a binary that is built from it, such as ./" + strings.TrimSuffix(filepath.Base(name), ext)
	case !strings.Contains(name, "/"):
		return "install it, or write ./" + name + " for a file beside the cluster file"
	}
	dir := fileDir(cluster)
	if !filepath.IsAbs(dir) && dir != "." {
		dir = "./" + dir
	}
	return "build it, such as: go build -o " + shown(cluster, name) + " " + dir
}
