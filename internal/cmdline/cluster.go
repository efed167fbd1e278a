package cmdline

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"chandy/internal/config"
	"chandy/snapshot"
)

// ClusterFlag returns the flag that every command with a cluster file has.
func ClusterFlag() cli.Flag {
	return &cli.StringFlag{Name: "cluster", Usage: "FILE: the cluster file"}
}

// OnCluster returns the action of a command that takes no arguments and reads the
// cluster file.
func OnCluster(do func(*cli.Context, *config.Cluster) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		if err := Arguments(c, 0, 0, ""); err != nil {
			return err
		}
		cluster, err := LoadCluster(c)
		if err != nil {
			return err
		}
		return do(c, cluster)
	}
}

// OnProcess returns the action of a command that reads the cluster file and whose
// first argument is the id of a process. The string words names all arguments.
func OnProcess(words string, do func(*cli.Context, *config.Cluster, config.Process) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		n := len(strings.Fields(words))
		if err := Arguments(c, n, n, words); err != nil {
			return err
		}
		cluster, err := LoadCluster(c)
		if err != nil {
			return err
		}
		p, err := FindProcess(cluster, c.Args().First())
		if err != nil {
			return err
		}
		return do(c, cluster, p)
	}
}

// LoadCluster reads the cluster file that the flags and the environment name.
func LoadCluster(c *cli.Context) (*config.Cluster, error) {
	return LoadFile(config.Find(c.String("cluster")), whereCluster(c))
}

// LoadFile reads the cluster file at path. The hint is for a file that does not exist.
func LoadFile(path, hint string) (*config.Cluster, error) {
	cluster, err := config.Load(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, Fail(ExitUsage, hint, "no cluster file %s", path)
	}
	return cluster, FaultsFailure(err, path)
}

// FaultsFailure returns the error of a command for the faults of a cluster file, or for
// another error with it. It returns nil for nil.
func FaultsFailure(err error, path string) error {
	var faults *config.Faults
	switch {
	case errors.As(err, &faults) && len(faults.List) > 1:
		return FailList(ExitUsage, "", faults.Lines(), "%d faults in %s:", len(faults.List)+faults.More, path)
	case err != nil:
		return Fail(ExitUsage, "", "%w", err)
	}
	return nil
}

// whereCluster returns the hint for a missing cluster file: where its path came
// from.
func whereCluster(c *cli.Context) string {
	switch {
	case c.String("cluster") != "":
		return "its path comes from --cluster"
	case os.Getenv("CHANDY_CLUSTER") != "":
		return "its path comes from $CHANDY_CLUSTER"
	}
	return "name one with --cluster FILE or $CHANDY_CLUSTER, or change to the directory of cluster.toml"
}

// FindProcess finds a process that the user named.
func FindProcess(cluster *config.Cluster, id string) (config.Process, error) {
	p, ok := cluster.Process(snapshot.ProcessID(id))
	if !ok {
		return p, Fail(ExitUsage, "the processes are "+List(cluster.IDs()), "no process %q in %s", id, cluster.Path)
	}
	return p, nil
}

// List joins texts with commas.
func List[S ~string](all []S) string {
	var texts []string
	for _, s := range all {
		texts = append(texts, string(s))
	}
	return strings.Join(texts, ", ")
}
