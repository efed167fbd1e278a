package netnode_test

import (
	"context"
	"fmt"
	"log"
	"sync"

	"chandy/netnode"
	"chandy/program"
	"chandy/snapshot"
)

// greeter is a program: p1 sends a greeting to every peer, and a process that receives
// one reports it.
type greeter struct {
	process  program.Process
	received func(text string)
}

func (g *greeter) Start(p program.Process) {
	g.process = p
	if p.ID() == "p1" {
		for _, peer := range p.Channels() {
			p.Send(peer, []byte(`"good morning"`))
		}
	}
}

func (g *greeter) Receive(from snapshot.ProcessID, payload []byte) {
	g.received(fmt.Sprintf("%s to %s: %s", from, g.process.ID(), payload))
}

// A greeter has no state.
func (g *greeter) Capture(done func(program.State))   { done(program.State{Bytes: []byte("{}")}) }
func (g *greeter) Restore(_ []byte, done func(error)) { done(nil) }

// A whole cluster can run in one Go program. Each process has a node and an instance of
// the program. A Loopback assigns free ports, so nothing else on the machine is in the way.
func ExampleNew() {
	cluster, err := netnode.NewCluster(netnode.ClusterConfig{
		Name: "greetings",
		Processes: []netnode.ProcessConfig{
			{ID: "p1", Address: "127.0.0.1:7101"},
			{ID: "p2", Address: "127.0.0.1:7102"},
		},
	})
	if err != nil {
		log.Fatal(err)
	}

	ctx, stop := context.WithCancel(context.Background())
	network := &netnode.Loopback{}
	received := make(chan string, 1)
	var running sync.WaitGroup
	for _, p := range cluster.Processes {
		node, err := netnode.New(netnode.Options{
			Cluster: cluster,
			ID:      p.ID,
			Program: &greeter{received: func(text string) { received <- text }},
			Network: network,
		})
		if err != nil {
			log.Fatal(err)
		}
		running.Go(func() {
			if err := node.Run(ctx); err != nil {
				log.Print(err)
			}
		})
	}

	fmt.Println(<-received)
	stop()
	running.Wait()
	// Output: p1 to p2: "good morning"
}
