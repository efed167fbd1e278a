// Package snapshot is the algorithm of K. M. Chandy and L. Lamport, "Distributed
// Snapshots: Determining Global States of Distributed Systems", ACM Transactions on
// Computer Systems 3(1), 1985. Section numbers refer to that paper. The package is
// pure: it has no I/O, goroutine, clock, lock or randomness, and nothing depends on
// the order of a map.
//
// # The paper's rules
//
// Processes send messages over channels that lose, double and reorder nothing
// (section 2). A global snapshot is the state of every process and of every channel.
// Two rules make the recordings of all processes fit together (section 3.2):
//
//   - Marker-sending rule. A process that has recorded its state sends a marker on
//     each outgoing channel before it sends any further message there. The code is
//     [Recorder.StateRecorded].
//   - Marker-receiving rule. A marker on a channel makes the process record its
//     state, unless it has recorded already. The state of that channel is the
//     sequence of messages that came after the recording and before the marker. It is
//     empty if this marker started the recording. The code is
//     [Recorder.MarkerReceived].
//
// Any process may start a snapshot by recording its state ([Recorder.Initiate]). If
// every process can be reached from an initiator, every process records in the end
// (section 3.3). [Topology.Initiators] returns as many initiators as that takes.
//
// # The recorder
//
// A [Recorder] is one process's side of all snapshots. Its caller reports each event
// by a method: a marker came, messages arrived, the state is there. The method
// returns a list of [Effect] values, which the caller must carry out in order before
// anything else happens. [Capture] asks for the program's state, [SendMarker] queues
// a marker, and [Report] sends a piece of the result to the assembler.
//
// The Recorder also reads from its caller. At the instant of the recording it reads the channels of
// its process through the interface [Channels]: the counts, the outbox and the
// inbox. An outbox holds the messages that were sent and are not acknowledged. An
// inbox holds the messages that have arrived and that the program has not received.
// Messages in an inbox are still in the channel, so they are recorded with it.
//
// A program may take a while to return its state. Until it does, it receives
// nothing, and what it sends counts as sent before the recording. A snapshot that
// starts in that time joins the recording: one state and one set of counts serve
// all of them.
//
// # Counts
//
// The messages of a channel are numbered 1, 2, 3 … With its state a process records
// how many messages it has sent on each outgoing channel, and how many its program
// has received on each incoming channel. So the state of a channel is known before
// it is collected: it is the messages received+1 … sent. A [Batch] holds consecutive
// messages with their numbers.
//
// # Markers in order
//
// This is the rule of the paper. A marker goes through the channel behind all
// messages sent before it. So the receiver sees all of these before the marker, and
// it alone records the channel. The price is time: a marker behind a long queue of
// messages waits for all of them.
//
// # Markers ahead
//
// This is the default. A marker overtakes the messages that the sender has not
// written to the connection yet, so that a snapshot waits for no message. Both ends
// then record a half of the channel state:
//
//   - The sender records its outbox, the messages acked+1 … sent, where acked is the
//     last message that it knew to have arrived. A later acknowledgement takes
//     nothing out of this half. The [Marker] carries both numbers.
//   - The receiver records its inbox, and what arrives until it has processed the
//     marker and has every message up to acked.
//
// No message is missing. A message up to acked had arrived before it was
// acknowledged, so it arrived before the marker. Either the program had received it
// at the receiver's recording, or the receiver recorded it. All later messages up to
// sent are in the sender's half. The halves may overlap and may begin too early;
// [Join] trims them to received+1 … sent.
//
// No message crosses the cut backwards. Every message carries the ordinal of the last
// marker that was issued on its channel before it. A program receives a message only
// after that marker was processed and the recording that it started was made (the
// rule of T. H. Lai and T. H. Yang, "On Distributed Snapshots", Information
// Processing Letters 25, 1987). Package internal/channel keeps this promise, and sends
// markers again before any data when a connection broke.
//
// # Several snapshots, and their ends
//
// A process takes part in several snapshots at once, up to a limit. Each has an
// [ID] and follows the rules as if it were alone.
//
// An end of a channel is closed when what this process recorded there is final. A
// snapshot ends at a process when all its ends are closed, when the deadline passes
// ([Recorder.Expire]), or when the assembler gives it up ([Recorder.Abandon]). The
// Recorder then frees what it recorded and remembers the id, see [EndedMax]. A later
// marker of that snapshot starts nothing. The channel still carries and counts it,
// because messages wait for it.
//
// A process that restarts is a new [Incarnation], and its channels count from 0
// again. The messages of the old incarnation are lost, so no snapshot in progress can
// be completed: [Recorder.PeerRestarted] ends them all.
//
// # The certificate
//
// The assembler feeds the pieces of all processes ([Recorded], [Closed], [Failed]) to
// a [Collector], in any order. [Collector.Assemble] makes a [Global] from them, with
// a reason for everything that is missing. A global snapshot carries its own proof.
// The cut is consistent if and only if on every channel
//
//	received <= sent
//
// and both ends counted in the same pair of incarnations. The recorded messages must
// be exactly the numbers received+1 … sent, in order. Assemble checks this for every
// channel, and anybody can check it again from the JSON document.
//
// The incarnations are needed because a restart can make the numbers look right on a
// wrong cut; testdata/restart.txt tells how. The certificate cannot show that a state
// belongs to its counts. The Recorder sees to that by taking both in one step.
package snapshot
