package wire

import (
	"bytes"
	"fmt"
)

// ForeignError is the violation by a peer that does not speak chandy at all. A client of
// another service has found our port, or we have dialled the port of another service.
type ForeignError struct {
	// Protocol is "HTTP", "TLS", "SSH" or "JSON". It is empty if the first bytes are of
	// another protocol.
	Protocol string
	// First holds the first bytes of the peer, at most 8.
	First []byte
}

// Error names the protocol, or shows the first bytes.
func (e *ForeignError) Error() string {
	if e.Protocol == "" {
		return fmt.Sprintf("peer does not speak chandy: its first bytes are % x", e.First)
	}
	return fmt.Sprintf("peer speaks %s, not chandy", e.Protocol)
}

// Unwrap returns ErrViolation.
func (e *ForeignError) Unwrap() error { return ErrViolation }

// openings lists the first bytes of other protocols. No opening begins like a frame.
var openings = []struct{ bytes, protocol string }{
	{"GET ", "HTTP"}, {"HEAD ", "HTTP"}, {"POST ", "HTTP"}, {"PUT ", "HTTP"},
	{"PATCH ", "HTTP"}, {"DELETE ", "HTTP"}, {"OPTIONS ", "HTTP"},
	{"CONNECT ", "HTTP"}, {"TRACE ", "HTTP"}, {"PRI * HTTP/2", "HTTP"},
	{"HTTP/", "HTTP"},   // response
	{"\x16\x03", "TLS"}, // handshake
	{"\x15\x03", "TLS"}, // alert
	{"SSH-", "SSH"},
	{"{", "JSON"}, {"[", "JSON"},
}

// foreign returns the error for a peer with these first bytes, of which there must be at
// least two. The bytes may end within an opening.
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
