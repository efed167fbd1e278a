package wire

import (
	"bytes"
	"fmt"
)

// ForeignError is the violation of a peer whose first bytes are not chandy's:
// somebody else's client found our port, or we dialled somebody else's.
type ForeignError struct {
	// Protocol is what the peer seems to speak: "HTTP", "TLS", "SSH" or "JSON";
	// empty if nobody can tell.
	Protocol string
	// First holds the first bytes, at most 8.
	First []byte
}

// Error names the protocol, or shows the first bytes.
func (e *ForeignError) Error() string {
	if e.Protocol == "" {
		return fmt.Sprintf("peer does not speak chandy: its first bytes are % x", e.First)
	}
	return fmt.Sprintf("peer speaks %s, not chandy", e.Protocol)
}

// Unwrap makes it an ErrViolation.
func (e *ForeignError) Unwrap() error { return ErrViolation }

// openings are the first bytes of what else may come in. None begins as a
// frame does.
var openings = []struct{ bytes, protocol string }{
	{"GET ", "HTTP"}, {"HEAD ", "HTTP"}, {"POST ", "HTTP"}, {"PUT ", "HTTP"},
	{"PATCH ", "HTTP"}, {"DELETE ", "HTTP"}, {"OPTIONS ", "HTTP"},
	{"CONNECT ", "HTTP"}, {"TRACE ", "HTTP"}, {"PRI * HTTP/2", "HTTP"},
	{"HTTP/", "HTTP"},   // an answer
	{"\x16\x03", "TLS"}, // a handshake
	{"\x15\x03", "TLS"}, // an alert
	{"SSH-", "SSH"},
	{"{", "JSON"}, {"[", "JSON"},
}

// foreign names what the peer speaks, by its first bytes, of which at least
// two are there. An opening of which only a beginning has come counts.
func foreign(first []byte) *ForeignError {
	e := &ForeignError{First: bytes.Clone(first[:min(len(first), 8)])}
	for _, o := range openings {
		if n := min(len(first), len(o.bytes)); string(first[:n]) == o.bytes[:n] {
			e.Protocol = o.protocol
			break
		}
	}
	return e
}
