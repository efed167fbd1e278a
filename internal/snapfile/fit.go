package snapfile

import (
	"fmt"
	"slices"

	"chandy/internal/config"
	"chandy/snapshot"
)

// fits returns an error unless a snapshot has the name, the processes and the channels of
// the cluster. It names the first difference.
func fits(cluster *config.Cluster, name string, processes []snapshot.ProcessID, channels []snapshot.Channel) error {
	if name != cluster.Name {
		return fmt.Errorf("the snapshot is of cluster %q, and the cluster file is of %q", name, cluster.Name)
	}
	if err := sameNames("process", processes, cluster.IDs()); err != nil {
		return err
	}
	return sameNames("channel", channels, cluster.Channels())
}

// sameNames returns an error that names the first element that is only in one list.
func sameNames[T comparable](kind string, snapshot, cluster []T) error {
	if one, found := lacks(cluster, snapshot); found {
		return fmt.Errorf("the snapshot has the %s %v, and the cluster file has not", kind, one)
	}
	if one, found := lacks(snapshot, cluster); found {
		return fmt.Errorf("the cluster file has the %s %v, and the snapshot has not", kind, one)
	}
	return nil
}

// lacks returns the first of some elements that a list lacks.
func lacks[T comparable](list, elements []T) (one T, found bool) {
	has := map[T]bool{}
	for _, e := range list {
		has[e] = true
	}
	i := slices.IndexFunc(elements, func(e T) bool { return !has[e] })
	if i < 0 {
		return one, false
	}
	return elements[i], true
}
