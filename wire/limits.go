package wire

// Version is the version of the protocol and of the header.
const Version = 1

// The limits of the protocol, in bytes. SPEC.md has the same numbers.
const (
	// HeaderSize is the length of the header of every frame.
	HeaderSize = 12

	// FrameMax is the longest payload of any frame. It has room for a request with a
	// message of MessageMax bytes.
	FrameMax = MessageMax + 64<<10
	// HelloMax is the longest payload that a listener reads before it has accepted a
	// hello. Only frames with a text, a chunk or a body can be longer.
	HelloMax = 4 << 10
	// AnswerMax is the longest payload that a dialler reads before it is welcomed. Only
	// frames with a chunk or a body can be longer.
	AnswerMax = 8 << 10

	// MessageMax is the longest message of a program.
	MessageMax = 16 << 20
	// FragmentMax is the longest message that travels in one frame, and the longest
	// fragment of a longer one.
	FragmentMax = 64 << 10
	// ChunkMax is the longest chunk of a section or of a reply.
	ChunkMax = 256 << 10
	// NameMax is the longest name. Cluster names, ids, incarnations and codes are names.
	NameMax = 255
	// TextMax is the longest text for people.
	TextMax = 4096
)
