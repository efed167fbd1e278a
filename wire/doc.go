// Package wire defines the frames that nodes and clients exchange over TCP. [Append]
// encodes a frame. A [Reader] decodes frames from any [io.Reader]:
//
//	_, err := conn.Write(wire.Append(nil, hello))
//	…
//	frame, err := wire.NewReader(conn, wire.AnswerMax).Read()
//
// Every connection begins with a [Hello] from the side that dialled. The other side
// answers with a [Welcome] or a [Refuse]. The role in the Hello decides what follows:
//
//   - On a channel, [Data] and [Marker] go to the receiver, and [Ack] comes back.
//   - Between a process and an assembler, [Chunk] carries a part of a snapshot and
//     [Outcome] says how the snapshot ended. With [Join] the assembler asks a further
//     initiator to start it.
//   - From a client, [Request] and [Reply] carry the JSON of a [Control] request and of its
//     answers, such as [ProcessStatus].
//
// [Ping] and [Pong] keep the connections between nodes alive.
//
// The package uses no socket and no clock, and keeps no state of a connection. Packages
// netnode and internal/core decide when which frame is sent. SPEC.md in this folder
// describes the same bytes for the author of another implementation, and tests hold the
// two together.
//
// To add a type of frame, add a file with its struct, its append, its decode and its
// String, a line in the table in type.go, a golden in golden_test.go, and a table in
// SPEC.md.
package wire
