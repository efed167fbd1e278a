package wire

import "fmt"

// Request is what a client wants of a node, on a control connection.
type Request struct {
	// Number is what the replies refer to. The client chooses it, other than
	// that of any request which has not ended on the connection.
	Number uint64
	// Body is JSON. The package does not look into it.
	Body []byte
}

// Type returns TypeRequest.
func (Request) Type() Type { return TypeRequest }

// String returns the number and the length of the body.
func (r Request) String() string {
	return fmt.Sprintf("request %d (%d bytes)", r.Number, len(r.Body))
}

func (r Request) append(b []byte) []byte {
	return append(appendUint(b, r.Number), r.Body...)
}

func decodeRequest(d *decoder) Frame {
	return Request{Number: d.uint("number"), Body: d.all("body", FrameMax)}
}
