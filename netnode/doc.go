// Package netnode hosts the processes of a distributed program. A [Node] runs one
// process: it carries the channels of the process over TCP and takes part in snapshots.
//
// To host a program in Go, implement [program.Program] and call [Main], which makes a
// binary that takes the id of a process and the flags of the command chandy node. Or
// describe the cluster, and run a node for each process:
//
//	cluster, err := netnode.LoadCluster("cluster.toml") // or NewCluster, without a file
//	…
//	node, err := netnode.New(netnode.Options{Cluster: cluster, ID: "p1", Program: &counter{}})
//	…
//	err = node.Run(ctx)
//
// All nodes of a cluster need the same name, processes, channels, rule for markers and
// setting of recovery. They may run on different machines, or in one Go program or test,
// where a [Loopback] assigns them free ports.
//
// A [Client] asks a running node for a snapshot, for its status, or for a reply of its
// program. The commands chandy initiate, status and call do the same from a shell.
//
// # Goroutines
//
// A node works in steps. A step takes events and returns what must be done. It runs on
// the goroutine that brings the event, under one lock. "On the loop" means in a step. All
// goroutines of a node have ended when Run returns:
//
//   - the loop, which is Run itself, makes the steps that no connection brings, such as
//     those of timers;
//   - accept takes connections from outside;
//   - pulse pings the peers while a step lasts long;
//   - watchCertificate looks whether the certificate has changed, if there is TLS;
//   - warnUnreachable runs once at the start, and looks up the names of peers;
//   - dial runs once for each attempt to connect;
//   - each connection has a reader, which steps with each batch of frames, and a writer
//     while more is queued than the kernel takes at once;
//   - each job off the loop has one: the encoding of a large state, the assembling of a
//     large snapshot, or the writing of a large reply, which goes on as the client reads.
package netnode
