package command

import (
	"errors"
	"io/fs"

	"github.com/urfave/cli/v2"

	"chandy/internal/config"
	"chandy/snapshot"
)

// loadCluster reads the cluster file of a command.
func loadCluster(c *cli.Context) (*config.Cluster, error) {
	path := config.Find(c.String("cluster"))
	cluster, err := config.Load(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !c.IsSet("cluster"):
		return nil, fail(exitUsage, "give one with --cluster FILE or $CHANDY_CLUSTER, or stand where cluster.toml is", "no cluster file %s", path)
	case err != nil:
		return nil, fail(exitUsage, "", "%w", err)
	}
	return cluster, nil
}

// process finds a process that the user named.
func process(cluster *config.Cluster, id string) (config.Process, error) {
	p, ok := cluster.Process(snapshot.ProcessID(id))
	if !ok {
		return p, fail(exitUsage, "the processes are "+list(cluster.IDs()), "no process %q in %s", id, cluster.Path)
	}
	return p, nil
}

func list[S ~string](all []S) string {
	text := ""
	for i, s := range all {
		if i > 0 {
			text += ", "
		}
		text += string(s)
	}
	return text
}
