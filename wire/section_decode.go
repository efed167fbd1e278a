package wire

import (
	"bytes"
	"encoding/binary"

	"chandy/snapshot"
)

// LentMax is the largest section, in bytes, that DecodeSection copies. The memory of
// such a section may be lent: the caller may use it again afterwards.
const LentMax = 16 << 10

// DecodeSection decodes a whole section of the part of a process in one incarnation, whose
// bytes are slices that follow one another. It skips pieces of unknown kinds. Every error is
// a violation. More than piecesMax pieces, skipped ones included, are an error too.
//
// Most sections are small and arrive in memory that is lent. DecodeSection copies all of
// a section of at most LentMax bytes. To copy a large section would cost too much. The
// states and messages of its pieces refer to it, so the caller must not modify it
// afterwards. A state that lies in several slices remains so, see [snapshot.State]. Other
// pieces that do are copied.
func DecodeSection(process snapshot.ProcessID, incarnation snapshot.Incarnation, section [][]byte, piecesMax int) ([]snapshot.Piece, error) {
	d := sectionDecoder{owner: pieceDecoder{process: process, incarnation: incarnation}}
	for _, slice := range section {
		d.rest.add(slice)
	}
	if d.rest.n <= LentMax {
		d.whole = string(d.rest.join())
	}
	pieces := make([]snapshot.Piece, 0, d.estimatePieces())
	for n := 0; d.rest.n > 0; n++ {
		if n == piecesMax {
			return nil, violation("section: there are more than %d pieces", piecesMax)
		}
		piece, err := d.piece()
		if err != nil {
			return nil, violation("section, piece %d: %w", n, err)
		}
		if piece != nil {
			pieces = append(pieces, piece)
		}
	}
	return pieces, nil
}

// sectionDecoder takes a section apart into pieces.
type sectionDecoder struct {
	owner pieceDecoder // with the process and the incarnation only
	rest  rope         // bytes that are not decoded yet
	whole string       // a copy of the section, if it is small
}

// pieceDecoder decodes the fields of one piece.
type pieceDecoder struct {
	decoder
	process     snapshot.ProcessID
	incarnation snapshot.Incarnation
}

// headMax is how many bytes a byte and a number have, at most.
const headMax = 1 + binary.MaxVarintLen64

// piece decodes the next piece. It returns nil for a piece of an unknown kind.
func (s *sectionDecoder) piece() (snapshot.Piece, error) {
	kind, fields, err := s.rest.sized("kind", "piece")
	if err != nil {
		return nil, err
	}
	p := s.owner
	var state rope
	if kind == pieceRecorded && len(fields.more) > 0 {
		if state, err = fields.cutState(); err != nil {
			return nil, err
		}
	}
	p.rest = fields.join()
	if s.whole != "" {
		end := len(s.whole) - s.rest.n // rest is the end of whole
		p.whole = s.whole[end-len(p.rest) : end]
	}
	var piece snapshot.Piece
	switch kind {
	case pieceRecorded:
		recorded := p.recorded()
		if state.n > 0 {
			state.setState(&recorded)
		}
		piece = recorded
	case pieceClosed:
		piece = p.closed()
	case pieceFailed:
		piece = p.failed()
	case pieceTimed:
		piece = p.timed()
	case pieceJournal:
		piece = p.journal()
	case pieceStored:
		piece = p.stored()
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
func (s *sectionDecoder) estimatePieces() int {
	return min(1+s.rest.n/idlePieceSize, preallocMax)
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
