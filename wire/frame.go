package wire

import (
	"fmt"
	"strconv"
)

// Frame is one of the structs of this package, by value: Hello, Welcome,
// Refuse, Data, Fragment, Marker, Ack, Ping, Pong, Chunk, Join, Outcome, Request, Reply,
// Propose, Vote, Look or Stage.
type Frame interface {
	// Type returns the type of the frame.
	Type() Type
	// String returns the frame on one short line, for logs. A name from a peer is quoted
	// if it could be mistaken for something else.
	String() string

	// append appends the payload. A node must not send what its peer would call a
	// violation, so append panics if the frame breaks a rule that its decoder checks.
	append(b []byte) []byte
}

// Append appends the whole frame, header and payload, to b. It panics ("bug: …") if the
// frame breaks a rule of SPEC.md, for example if a name is too long or a number is 0
// where numbers begin with 1. A text for people that is too long is cut instead.
func Append(b []byte, f Frame) []byte {
	start := len(b)
	b = append(b, noHeader[:]...)
	b = f.append(b)
	seal(b[start:], f.Type())
	return b
}

// bug panics on a mistake of the caller.
func bug(format string, args ...any) {
	panic("bug: " + fmt.Sprintf(format, args...))
}

// shown returns a name for one line of a log. A peer can send any name. So shown quotes
// a name that is empty, and one with a space, a quote, a backslash or a character that
// is not printable ASCII.
func shown[S ~string](name S) string {
	if name == "" {
		return `""`
	}
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return strconv.QuoteToASCII(string(name))
		}
	}
	return string(name)
}
