package wire

// What the two sides of a connection agree on without saying it. Lengths are
// in bytes. The length of a frame is that of its payload, without the header.
const (
	// HeaderSize is the length of the header of every frame.
	HeaderSize = 12
	// Version is the version of the protocol, and that of the header.
	Version = 1

	// MessageMax is the longest message of a program.
	MessageMax = 16 << 20
	// FrameMax is the longest frame: a message of MessageMax fits in with room
	// for what stands around it.
	FrameMax = MessageMax + 64<<10
	// HelloMax is the longest frame that a listener reads before it accepted a
	// hello. No frame without a text, a chunk or a body is longer.
	HelloMax = 4 << 10
	// AnswerMax is the longest frame that a dialler reads before it is
	// welcomed. No frame with a text is longer.
	AnswerMax = 8 << 10
	// ChunkMax is the longest chunk of a part or of a reply.
	ChunkMax = 256 << 10

	// NameMax is the longest string: the name of a cluster, of a process, of a
	// snapshot, an incarnation, a code.
	NameMax = 255
	// TextMax is the longest text that is meant for people.
	TextMax = 4096
)
