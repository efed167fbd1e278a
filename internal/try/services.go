package try

import (
	"github.com/rs/zerolog"

	"chandy/internal/bundled"
	"chandy/internal/child"
	"chandy/program"
	"chandy/snapshot"
)

// bundled returns a program for each service that chandy bundles.
func (t *trial) bundled() map[snapshot.ProcessID]program.Program {
	made := map[snapshot.ProcessID]program.Program{}
	for _, id := range child.Services {
		cluster, err := t.cluster("[program]\nkind = \"exec\"\n", id)
		if err != nil {
			continue
		}
		p, _ := cluster.Process(snapshot.ProcessID(id))
		if service, err := bundled.New(cluster, p); err == nil {
			made[p.ID] = service
		}
	}
	return made
}

// serviceLoop starts a loop with the services. It calls write with each line that they send
// to a child.
func (t *trial) serviceLoop(write func(to snapshot.ProcessID, line []byte)) *loop {
	services := t.bundled()
	ids := t.nodes()
	for _, id := range child.Services {
		if services[snapshot.ProcessID(id)] != nil {
			ids = append(ids, snapshot.ProcessID(id))
		}
	}
	l := newLoop(sorted(ids))
	for id, p := range services {
		l.add(id, p, zerolog.Nop())
	}
	l.outside = write
	l.run()
	return l
}
