package wire

import "chandy/snapshot"

// Kinds of the pieces in a section. A decoder skips pieces of other kinds, so that
// later versions can add some.
const (
	pieceRecorded byte = 1
	pieceClosed   byte = 2
	pieceFailed   byte = 3
	pieceTimed    byte = 4
	pieceJournal  byte = 5
	pieceStored   byte = 6
)

// Values of the byte before the state of a recorded piece.
const (
	stateBytes byte = 0 // the state
	stateError byte = 1 // the reason why there is none
)

// ReferMin is the shortest state or batch of messages, in bytes, that is cheaper to
// refer to than to copy.
const ReferMin = 2 << 10

// Section encodes pieces of one part, as SPEC.md describes them. Every piece but a Failed
// must belong to process in this incarnation, otherwise Section panics. The bytes contain
// neither, because the hello of the connection names both. The caller must have called
// [snapshot.State.Resolve], so that State.Encode is nil in every piece. Section only reads
// the pieces, so it may run on any goroutine.
//
// States and messages can be large, and they are in memory already. So Section returns
// the section as several slices, which follow one another. A state or a batch of at
// least ReferMin bytes is a slice of its own, which refers to the bytes of the piece.
// Everything else is copied into the slices between them.
func Section(process snapshot.ProcessID, incarnation snapshot.Incarnation, pieces []snapshot.Piece) [][]byte {
	s := sectionEncoder{
		process: process, incarnation: incarnation,
		copied: make([]byte, 0, copiedSize(pieces)), fields: make([]byte, 0, 512),
	}
	for _, piece := range pieces {
		switch piece := piece.(type) {
		case snapshot.Recorded:
			s.recorded(piece)
			s.appendPiece(pieceRecorded)
		case snapshot.Closed:
			s.closed(piece)
			s.appendPiece(pieceClosed)
		case snapshot.Failed:
			s.failed(piece)
			s.appendPiece(pieceFailed)
		case snapshot.Timed:
			s.timed(piece)
			s.appendPiece(pieceTimed)
		case snapshot.Journal:
			s.journal(piece)
			s.appendPiece(pieceJournal)
		case snapshot.Stored:
			s.stored(piece)
			s.appendPiece(pieceStored)
		default:
			bug("a piece of type %T", piece)
		}
	}
	s.finishSlice()
	return s.slices
}

// sectionEncoder encodes one section. A piece is written as its kind, its length and
// its fields, so the length must be known before the first field is written. Each piece
// takes two steps:
//
//   - recorded, closed and so on collect its fields. Where a state or messages belong,
//     they only note the place.
//   - appendPiece adds up the length and writes the piece. There it copies the states
//     and messages, or refers to them.
type sectionEncoder struct {
	process     snapshot.ProcessID   // owner of the part; only checked
	incarnation snapshot.Incarnation // only checked

	slices [][]byte // finished slices of the section
	copied []byte   // slice at the end of the section, not in slices yet

	fields []byte // fields of the current piece, without states and messages
	bodies []body // states and messages of the current piece, in order
}

// body is a state or a batch of messages.
type body struct {
	at    int // its place: before fields[at]
	bytes []byte
}

// appendPiece appends the current piece to the section and begins the next piece.
func (s *sectionEncoder) appendPiece(kind byte) {
	length := len(s.fields)
	for _, body := range s.bodies {
		length += len(body.bytes)
	}
	s.copied = appendUint(append(s.copied, kind), uint64(length))
	from := 0
	for _, body := range s.bodies {
		s.copied = append(s.copied, s.fields[from:body.at]...)
		from = body.at
		if len(body.bytes) < ReferMin {
			s.copied = append(s.copied, body.bytes...)
			continue
		}
		s.finishSlice()
		s.slices = append(s.slices, body.bytes)
	}
	s.copied = append(s.copied, s.fields[from:]...)
	clear(s.bodies)
	s.fields, s.bodies = s.fields[:0], s.bodies[:0]
}

// finishSlice moves copied to the end of slices. The rest of its memory is for the next
// slice.
func (s *sectionEncoder) finishSlice() {
	if len(s.copied) > 0 {
		s.slices = append(s.slices, s.copied)
		s.copied = s.copied[len(s.copied):]
	}
}

// copiedSize estimates how many bytes of a section will be copied, so that one
// allocation has room for them. Without it, a section with 62 ends of
// channels takes 1.3 times as long to encode if they are idle, and 2.3 times if each
// has one message of 1 KiB (BenchmarkSection).
func copiedSize(pieces []snapshot.Piece) int {
	const (
		head        = 64 // bytes of a small piece, about
		number      = 4  // bytes of a number or a length
		openRequest = 16 // bytes of an open request, about
		closed      = 9  // bytes of a closed piece besides its ids, messages and resets
	)
	n := head
	for _, piece := range pieces {
		switch piece := piece.(type) {
		case snapshot.Recorded:
			n += head
			for _, bytes := range piece.State.Slices() {
				n += copiedBody(bytes)
			}
			n += len(piece.State.Open) * openRequest
			for _, counts := range [][]snapshot.Count{piece.Sent, piece.Received} {
				for _, count := range counts {
					n += len(count.Peer) + 2*number
				}
			}
		case snapshot.Closed:
			n += closed + len(piece.Channel.From) + len(piece.Peer) + len(piece.Resets)*head
			for _, batch := range piece.Messages {
				n += 3*number + copiedBody(batch.Body)
			}
		default:
			n += head
		}
	}
	return n
}

// copiedBody returns how many bytes of a state or of messages are copied: all or none.
func copiedBody(bytes []byte) int {
	if len(bytes) < ReferMin {
		return len(bytes)
	}
	return 0
}
