// Package maelstrom reads and writes the protocol of Maelstrom (jepsen-io/maelstrom,
// doc/protocol.md). A program prints and reads one message a line:
//
//	{"src": "n1", "dest": "n2", "body": {"type": "read", "msg_id": 7}}
//
// A reply repeats the msg_id of the request as its in_reply_to. A refused request is
// answered by a body of type "error" with one of the codes of this package.
//
// [Parse] reads a line, and [ParseBody] reads a body alone, as clients of chandy send
// it. [AppendLine], [Line.Reply] and [ErrorBody] write. The bytes of a body are never
// re-encoded. [AppendCanonical] compares JSON values.
package maelstrom
