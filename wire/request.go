package wire

import "fmt"

// Request asks a node for something, on a control connection.
type Request struct {
	// Number identifies the request in its replies. The client chooses it. It must differ
	// from the numbers of all requests on the connection that have not ended.
	Number uint64
	// Body is JSON, see [DecodeControl]. Decode does not check it.
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
