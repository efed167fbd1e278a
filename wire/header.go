package wire

import (
	"encoding/binary"
	"hash/crc32"
)

// The header of a frame, integers big endian:
//
//	0-1   magic 0xC5 0x85
//	2     version
//	3     type
//	4-7   length of the payload in bytes
//	8-11  CRC-32C (Castagnoli) of bytes 0-7 and the payload
const (
	magic0 = 0xC5
	magic1 = 0x85

	checkedSize = 8 // bytes of the header that the checksum covers
)

var (
	noHeader   [HeaderSize]byte
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// seal writes the header of a frame. The frame begins with HeaderSize bytes for it, and
// its payload follows. The end of the payload may be in other slices, so that large
// bodies need not be copied.
func seal(frame []byte, typ Type, end ...[]byte) {
	length := len(frame) - HeaderSize
	for _, b := range end {
		length += len(b)
	}
	if limit := types[typ].max; length > limit {
		bug("%s frame of %d bytes, more than %d", typ, length, limit)
	}
	frame[0], frame[1], frame[2], frame[3] = magic0, magic1, Version, byte(typ)
	binary.BigEndian.PutUint32(frame[4:], uint32(length))
	sum := checksum(frame, frame[HeaderSize:])
	for _, b := range end {
		sum = crc32.Update(sum, castagnoli, b)
	}
	binary.BigEndian.PutUint32(frame[8:], sum)
}

// checksum returns the checksum of a frame.
func checksum(header, payload []byte) uint32 {
	return crc32.Update(crc32.Checksum(header[:checkedSize], castagnoli), castagnoli, payload)
}

// parseHeader returns the type of a frame and the length of its payload. It refuses
// every header that is wrong by itself, so that no payload is read for it. limit is the
// longest payload, in bytes, that the caller accepts at present.
func parseHeader(header []byte, limit int) (typ Type, length int, err error) {
	if header[0] != magic0 || header[1] != magic1 {
		return 0, 0, violation("no frame begins with % x", header[:2])
	}
	if header[2] != Version {
		return 0, 0, violation("frame of version %d, this side speaks %d", header[2], Version)
	}
	typ = Type(header[3])
	if !typ.known() {
		return 0, 0, violation("frame of unknown %s", typ)
	}
	n := binary.BigEndian.Uint32(header[4:])
	limit = min(limit, types[typ].max)
	if int64(n) > int64(limit) {
		return 0, 0, violation("%s frame of %d bytes, more than %d", typ, n, limit)
	}
	return typ, int(n), nil
}

// Begins reports whether bytes begin as a frame does. There must be at least two.
func Begins(b []byte) bool { return b[0] == magic0 && b[1] == magic1 }
