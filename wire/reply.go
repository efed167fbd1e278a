package wire

import "fmt"

// Kind says what a [Reply] holds.
type Kind uint8

// The kinds of replies. A request gets any number of KindProgress and KindData, and then
// one KindEnd or KindError.
const (
	// KindProgress says how far the request is, in JSON.
	KindProgress Kind = 1
	// KindData holds a chunk of the result. The result is all chunks in order.
	KindData Kind = 2
	// KindEnd says that the whole result has been sent. Its body is empty or JSON.
	KindEnd Kind = 3
	// KindError says that the request failed. Its body is an [ErrorReply] in JSON.
	KindError Kind = 4
)

// String returns the name of the kind in SPEC.md.
func (k Kind) String() string {
	switch k {
	case KindProgress:
		return "progress"
	case KindData:
		return "data"
	case KindEnd:
		return "end"
	case KindError:
		return "error"
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Reply answers a request, on a control connection.
type Reply struct {
	// Number is the number of the request.
	Number uint64
	// Kind says what Body holds.
	Kind Kind
	// Body has at most ChunkMax bytes. Decode does not check it.
	Body []byte
}

// Type returns TypeReply.
func (Reply) Type() Type { return TypeReply }

// String returns the number, the kind and the length of the body.
func (r Reply) String() string {
	return fmt.Sprintf("reply %d %s (%d bytes)", r.Number, r.Kind, len(r.Body))
}

func (r Reply) append(b []byte) []byte {
	if r.Kind < KindProgress || r.Kind > KindError {
		bug("reply of %s", r.Kind)
	}
	b = appendUint(b, r.Number)
	b = append(b, byte(r.Kind))
	return appendChunk(b, "body", r.Body)
}

func decodeReply(d *decoder) Frame {
	return Reply{
		Number: d.uint("number"),
		Kind:   Kind(d.byte("kind", byte(KindProgress), byte(KindError))),
		Body:   d.all("body", ChunkMax),
	}
}
