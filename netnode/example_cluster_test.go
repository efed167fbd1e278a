package netnode_test

import (
	"fmt"
	"log"
	"time"

	"chandy/netnode"
	"chandy/snapshot"
)

// A ring of three processes, defined without a cluster file.
func ExampleNewCluster() {
	cluster, err := netnode.NewCluster(netnode.ClusterConfig{
		Name: "ring",
		Processes: []netnode.ProcessConfig{
			{ID: "p1", Address: "127.0.0.1:7101", Channels: []snapshot.ProcessID{"p2"}},
			{ID: "p2", Address: "127.0.0.1:7102", Channels: []snapshot.ProcessID{"p3"}},
			{ID: "p3", Address: "127.0.0.1:7103", Channels: []snapshot.ProcessID{"p1"}},
		},
		Snapshot: netnode.SnapshotConfig{Timeout: 5 * time.Second},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cluster.Channels())
	fmt.Println(cluster.Snapshot.Timeout, cluster.Snapshot.Limit)
	// Output:
	// [p1->p2 p2->p3 p3->p1]
	// 5s 16
}

// The error names every fault by its place.
func ExampleNewCluster_faults() {
	_, err := netnode.NewCluster(netnode.ClusterConfig{
		Name: "ring",
		Processes: []netnode.ProcessConfig{
			{ID: "p1", Address: "127.0.0.1:7101", Channels: []snapshot.ProcessID{"p3"}},
			{ID: "p2", Address: "localhost:7101"},
		},
		Snapshot: netnode.SnapshotConfig{Markers: "first"},
	})
	fmt.Println(err)
	// Output:
	// snapshot.markers: must be one of ahead, in-order, not "first"
	// process[0] "p1" channels[0]: no process has the id "p3": a channel leads to a process of the cluster
	// process[1] "p2" address: "localhost:7101" is also the address of process[0]: give each process its own
}

// A cluster file as text, with a fault.
func ExampleParseCluster() {
	_, err := netnode.ParseCluster(`name = "one"

[[process]]
id = "p1"
address = "127.0.0.1:7101"

[program]
node_command = []
`)
	fmt.Println(err)
	// Output:
	// line 8: program.node_command: is empty: name the binary, such as ["./counter"]
}
