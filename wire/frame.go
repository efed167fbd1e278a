package wire

import (
	"fmt"
	"strconv"
)

// Frame is one of the structs of this package, by value: Hello, Welcome,
// Refuse, Data, Marker, Ack, Ping, Pong, Chunk, Join, Outcome, Request or Reply.
type Frame interface {
	// Type is the type of the frame.
	Type() Type
	// String is the frame on one short line, for logs. What a peer chose to
	// write is quoted where it could be taken for something else.
	String() string

	// append appends the payload. It panics where the frame breaks a rule that
	// its decoder enforces, so that a node cannot send what its peer would call
	// a violation.
	append(b []byte) []byte
}

// Append appends the whole frame, header and payload, to b. What it panics on
// ("bug: …") is a mistake of the caller: a string or a chunk above its limit, a
// number 0 where numbers begin with 1. A text for people that is too long is
// no mistake, it is cut.
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

// shown is a name that came from a peer, fit for one line of a log: as it is
// if it can be mistaken for nothing else, otherwise quoted.
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
