package wire

import (
	"bytes"
	"math"

	"chandy/snapshot"
)

// LentMax is the largest section, in bytes, that DecodeSection copies. The memory of
// such a section may be lent: the caller may use it again afterwards.
const LentMax = 16 << 10

// DecodeSection decodes a whole section of the part of a process in one incarnation. It
// skips pieces of unknown kinds. Every error is a violation. More than piecesMax pieces,
// skipped ones included, are an error too.
//
// Most sections are small and arrive in memory that is lent. DecodeSection copies all of
// a section of at most LentMax bytes. To copy a large section would cost too much. The
// states and messages of its pieces refer to it, so the caller must not modify it
// afterwards.
func DecodeSection(process snapshot.ProcessID, incarnation snapshot.Incarnation, section []byte, piecesMax int) ([]snapshot.Piece, error) {
	d := decoder{rest: section}
	if len(section) <= LentMax {
		d.whole = string(section)
	}
	pieces := make([]snapshot.Piece, 0, d.estimatePieces())
	for n := 0; len(d.rest) > 0; n++ {
		if n == piecesMax {
			return nil, violation("section: there are more than %d pieces", piecesMax)
		}
		piece, err := d.piece(process, incarnation)
		if err != nil {
			return nil, violation("section, piece %d: %w", n, err)
		}
		if piece != nil {
			pieces = append(pieces, piece)
		}
	}
	return pieces, nil
}

// pieceDecoder decodes the fields of one piece.
type pieceDecoder struct {
	decoder
	process     snapshot.ProcessID
	incarnation snapshot.Incarnation
}

// piece decodes the next piece. It returns nil for a piece of an unknown kind.
func (d *decoder) piece(process snapshot.ProcessID, incarnation snapshot.Incarnation) (snapshot.Piece, error) {
	kind := d.byte("kind", 0, math.MaxUint8)
	fields := d.sized("piece")
	if d.err != nil {
		return nil, d.err
	}
	p := pieceDecoder{decoder: decoder{rest: fields}, process: process, incarnation: incarnation}
	if d.whole != "" {
		end := len(d.whole) - len(d.rest) // rest is the end of whole
		p.whole = d.whole[end-len(fields) : end]
	}
	var piece snapshot.Piece
	switch kind {
	case pieceRecorded:
		piece = p.recorded()
	case pieceClosed:
		piece = p.closed()
	case pieceFailed:
		piece = p.failed()
	default:
		return nil, nil
	}
	return piece, p.end()
}

// preallocMax is the largest number of items that are allocated before they are decoded,
// because a peer can announce more items than it sends.
const preallocMax = 256

// idlePieceSize is about how many bytes a closed piece of an idle channel has.
const idlePieceSize = 40

// estimatePieces estimates how many pieces follow. It returns at least 1. Without it, a
// section with 62 idle ends of channels takes about 15 % longer to decode
// (BenchmarkDecodeSection).
func (d *decoder) estimatePieces() int {
	return min(1+len(d.rest)/idlePieceSize, preallocMax)
}

// items decodes and returns the number of items in a list. Each item takes at least itemMin bytes, so a
// length for which too few bytes follow is an error.
func (d *decoder) items(field string, itemMin int) int {
	n := d.uint(field)
	if n > uint64(len(d.rest)/itemMin) {
		d.fail("%d %s do not fit", n, field)
		return 0
	}
	return int(n)
}

// bytes decodes a state or messages. If the whole section is copied, so are they.
func (d *decoder) bytes(field string) []byte {
	b := d.sized(field)
	if d.whole != "" {
		b = bytes.Clone(b)
	}
	return b
}

// sized decodes a length and returns the bytes that follow it, without copying them.
func (d *decoder) sized(field string) []byte {
	n := d.uint(field)
	if n > uint64(len(d.rest)) {
		d.fail("%s is cut off", field)
		return nil
	}
	return d.take(field, int(n))
}
