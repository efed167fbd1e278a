// Package core is a node without its sockets, its clock and its goroutines: a pure
// step, events in and effects out.
//
// A host calls [Core.Step] with what happened and carries out the effects that Step
// returns. Package netnode is the host with real sockets; package sim is a host with a
// virtual clock, in which a seed replays a whole cluster to the byte.
//
// The state has two owners. [Core] owns whatever outlives a history of the cluster:
// the identity of the node, its connections, and the sessions of clients. An epoch
// owns everything of one history: the program and its [program.Process], the recorder,
// both halves of all channels, timers, parts and assemblies. The end of an epoch drops
// that value as a whole. Whatever still refers to it (a goroutine of the program, work
// off the loop) comes back through epoch.guard and then does nothing.
//
// Where to find what:
//
//   - core.go, events.go, connections.go, alive.go: the step, and what it knows of a
//     connection whatever its use;
//   - handshake.go, identity.go, takeover.go: which connections from outside are let in;
//   - duplicate.go: when this node ends because another one runs as its process;
//   - epoch.go, peer.go: a history, and its other processes;
//   - process.go, delivery.go, clients.go: the side of the program;
//   - outgoing.go, incoming.go, partial.go, dialler.go, linkstats.go: the two halves of a
//     channel;
//   - recording.go, report.go, times.go, windows.go, uplink.go: this process's part of a snapshot, on
//     its way to the assembler;
//   - assemble.go, contributor.go, taken.go: the assembler's side;
//   - control.go, status.go: the sessions of clients;
//   - agree.go, agree_link.go, agree_load.go, agree_client.go: how the node goes to another
//     epoch;
//   - planned.go, stop_hold.go: the stop of a node that recovers, and how the others are held
//     meanwhile;
//   - ending.go: what the node says when its program ends;
//   - reply.go, result.go: what clients get, and how large it may be;
//   - memory.go: what counts as memory, and its limit.
package core
