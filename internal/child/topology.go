package child

import (
	"fmt"
	"slices"
	"time"

	"chandy/internal/config"
	"chandy/internal/maelstrom"
	"chandy/internal/printable"
	"chandy/snapshot"
)

// Values of settings.Topology that are not shapes.
const (
	topologyAuto = "auto" // the channels if the cluster file names them, otherwise a grid
	topologyNone = "none" // no message
)

// childIDs returns the processes of the cluster that have a child, in the order of the
// cluster file.
func childIDs(cluster *config.Cluster) (ids []snapshot.ProcessID) {
	for _, p := range cluster.Processes {
		if p.Program.Kind == config.KindExec {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// topologyOf returns the body of the topology message, or nil if none is sent. Each
// neighbour is a child to which a channel leads. Without named channels every child has a
// channel to every other, so any shape will do.
func topologyOf(cluster *config.Cluster, ids []snapshot.ProcessID, setting string) ([]byte, error) {
	switch {
	case setting == topologyNone:
		return nil, nil
	case cluster.ChannelsNamed && setting != topologyAuto:
		return nil, fmt.Errorf("topology: must not be %q if the cluster file names channels, which are the topology then: leave it out", setting)
	case cluster.ChannelsNamed:
		return maelstrom.TopologyBody(channelsBetween(cluster, ids)), nil
	case setting == topologyAuto:
		setting = "grid"
	}
	return maelstrom.TopologyBody(maelstrom.Arrange(setting, ids)), nil
}

// channelsBetween returns the channels between children, except channels from a child to
// itself.
func channelsBetween(cluster *config.Cluster, ids []snapshot.ProcessID) maelstrom.Neighbours {
	all := maelstrom.Neighbours{}
	for _, id := range ids {
		p, _ := cluster.Process(id)
		all[id] = slices.DeleteFunc(slices.Clone(p.Channels), func(to snapshot.ProcessID) bool {
			return to == id || !slices.Contains(ids, to)
		})
	}
	return all
}

// topologyWait is how long the child may take to answer topology until it is ready all the
// same. Some programs never answer a request that they do not know.
const topologyWait = 2 * time.Second

// arrange sends topology to the child, if it is to be sent, and makes the child ready once
// it has answered, or after topologyWait.
func (x *Program) arrange() {
	if x.topology == nil {
		x.run()
		return
	}
	x.arranging, x.preparing = true, "topology"
	x.timer = x.after(topologyWait, func() { x.arranged("the child does not answer topology") })
	x.ask(x.topology, func(reply maelstrom.Line) {
		x.timer.Stop()
		fault := ""
		if reply.Type == "error" {
			fault = "the child refuses topology: " + printable.Start(reply.Body, quoteMax)
		}
		x.arranged(fault)
	})
}

// Preparing returns which request the child has not answered yet, until it is ready.
func (x *Program) Preparing() string {
	if x.ready {
		return ""
	}
	return fmt.Sprintf("%s has not answered %s yet", x.id, x.preparing)
}

// arranged ends the wait of arrange.
func (x *Program) arranged(fault string) {
	if !x.arranging { // a late answer
		return
	}
	x.arranging = false
	if fault != "" {
		x.log.Info().Msg(fault)
	}
	x.run()
}

// startsAgain starts the child again, without topology, if it ended because it does not
// know this message. Maelstrom sends topology only in its workload broadcast, and its
// library for Go exits at a message without a handler. Nothing is lost: besides init and
// topology the child has received replies to its own requests only, and messages that
// were kept for it wait for the second child. What the first one printed was sent. The
// second one prints it again, as every start of the program does.
func (x *Program) startsAgain(e End) bool {
	if !x.arranging || x.over {
		return false
	}
	x.timer.Stop()
	x.log.Warn().Err(e.Err()).Msg(`the child ended at topology and starts again without it: topology = "none" spares that`)
	ended := x.child
	x.topology, x.arranging, x.waits, x.child = nil, false, false, nil
	x.lines, x.number, x.partial = 0, 0, ""
	clear(x.asked)
	clear(x.early.open)
	x.starting.Go(func() {
		ended.Close()
		x.startChild()
	})
	return true
}
