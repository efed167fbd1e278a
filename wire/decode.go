package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
	"unicode/utf8"
)

// Decode reads the payload of a frame of type typ. The payload belongs to the
// frame afterwards: bodies and chunks lie in it, strings are copied. Every
// error is an ErrViolation and names the type and the field. What Decode
// accepts, Append writes again, byte for byte.
func Decode(typ Type, payload []byte) (Frame, error) { return new(decoder).frame(typ, payload) }

// frame is Decode.
func (d *decoder) frame(typ Type, payload []byte) (Frame, error) {
	if !typ.known() {
		return nil, violation("frame of unknown %s", typ)
	}
	if limit := types[typ].max; len(payload) > limit {
		return nil, violation("%s frame of %d bytes, more than %d", typ, len(payload), limit)
	}
	*d = decoder{rest: payload}
	f := types[typ].decode(d)
	if err := d.end(); err != nil {
		return nil, violation("%s frame: %w", typ, err)
	}
	return f, nil
}

// decoder takes fields off a payload. After the first error it gives zeros and
// keeps that error, so that a frame reads its fields first and asks once.
type decoder struct {
	rest []byte
	err  error
	// whole is all that is decoded, once more, if it is not empty: strings are pieces
	// of it then, and take no memory of their own.
	whole string
}

// end returns the first fault of the fields, and requires that none follows.
func (d *decoder) end() error {
	if len(d.rest) > 0 {
		d.fail("%d bytes after the last field", len(d.rest))
	}
	return d.err
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
	}
	d.rest = nil
}

// take gives the next n bytes.
func (d *decoder) take(field string, n int) []byte {
	if n > len(d.rest) {
		d.fail("%s is cut off", field)
		return nil
	}
	taken := d.rest[:n:n]
	d.rest = d.rest[n:]
	return taken
}

// byte gives the next byte; it must be in low … high.
func (d *decoder) byte(field string, low, high byte) byte {
	b := d.take(field, 1)
	if d.err != nil {
		return 0
	}
	if b[0] < low || b[0] > high {
		d.fail("%s is %d, not in %d-%d", field, b[0], low, high)
		return 0
	}
	return b[0]
}

// noFlags is the byte of flags of a marker, a join or a chunk. No flag is defined yet.
const noFlags byte = 0

// flags takes a byte of flags. An unknown flag is a fault, because a sender that sets it
// relies on its meaning.
func (d *decoder) flags() {
	if b := d.take("flags", 1); d.err == nil && b[0] != noFlags {
		d.fail("unknown flags %#02x", b[0])
	}
}

// uint gives the next number, which must be in its shortest form.
func (d *decoder) uint(field string) uint64 {
	n, w := binary.Uvarint(d.rest)
	switch {
	case w == 0:
		d.fail("%s is cut off", field)
		return 0
	case w < 0:
		d.fail("%s has more than 64 bits", field)
		return 0
	case w > 1 && d.rest[w-1] == 0:
		d.fail("%s is not in its shortest form", field)
		return 0
	}
	d.rest = d.rest[w:]
	return n
}

// uint8 gives the next number, which must be below 256.
func (d *decoder) uint8(field string) uint8 {
	n := d.uint(field)
	if n > math.MaxUint8 {
		d.fail("%s is %d, more than %d", field, n, math.MaxUint8)
		return 0
	}
	return uint8(n)
}

// duration gives the next number as a time; it is in microseconds.
func (d *decoder) duration(field string) time.Duration {
	const most = uint64(math.MaxInt64 / time.Microsecond)
	n := d.uint(field)
	if n > most {
		d.fail("%s is %d µs, more than %d", field, n, most)
		return 0
	}
	return time.Duration(n) * time.Microsecond
}

func (d *decoder) name(field string) string { return d.string(field, NameMax) }

func (d *decoder) text(field string) string { return d.string(field, TextMax) }

func (d *decoder) string(field string, limit int) string {
	n := d.uint(field)
	if n > uint64(limit) {
		d.fail("%s has %d bytes, more than %d", field, n, limit)
		return ""
	}
	b := d.take(field, int(n))
	if !utf8.Valid(b) {
		d.fail("%s is not UTF-8", field)
		return ""
	}
	if d.whole != "" {
		end := len(d.whole) - len(d.rest)
		return d.whole[end-len(b) : end]
	}
	return string(b)
}

// all gives what is left, at most limit bytes; nil if nothing is.
func (d *decoder) all(field string, limit int) []byte {
	if len(d.rest) > limit {
		d.fail("%s has %d bytes, more than %d", field, len(d.rest), limit)
	}
	if len(d.rest) == 0 {
		return nil
	}
	return d.take(field, len(d.rest))
}

// check keeps a fault of the fields taken so far, none of which failed before.
func (d *decoder) check(fault error) {
	if d.err == nil && fault != nil {
		d.err = fault
	}
}

// counts checks what every acknowledgement and marker keeps: what came later
// on the way of a message cannot be more than what came earlier.
func counts(laterName string, later uint64, earlierName string, earlier uint64) error {
	if later > earlier {
		return fmt.Errorf("%s %d is more than %s %d", laterName, later, earlierName, earlier)
	}
	return nil
}
