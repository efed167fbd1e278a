package wire

import (
	"chandy/snapshot"
	"encoding/binary"
	"fmt"
	"math"
	"time"
	"unicode/utf8"
)

// Decode decodes the payload of a frame. Bodies and chunks of the frame refer to the
// payload, so the caller must not modify it afterwards. Every error wraps ErrViolation
// and names the type and the field. Append encodes the frame to the same bytes again.
func Decode(typ Type, payload []byte) (Frame, error) { return new(decoder).frame(typ, payload) }

// frame decodes like Decode, reusing d.
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

// decoder decodes the fields of a payload, one after another. After an error its methods
// return zeros. So a frame decodes all its fields and checks for an error once.
type decoder struct {
	rest []byte // bytes that are not decoded yet
	err  error  // first error; sticky
	// whole, if set, is a copy of all bytes that are decoded. Decoded strings are then
	// substrings of it, so that they cost no further allocation.
	whole string
}

// end must be called after the last field. It returns the first error.
func (d *decoder) end() error {
	if len(d.rest) > 0 {
		d.fail("%d bytes after the last field", len(d.rest))
	}
	return d.err
}

// fail sets the error if it is the first one, and makes all further fields fail.
func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
	}
	d.rest = nil
}

// take returns the next n bytes.
func (d *decoder) take(field string, n int) []byte {
	if n > len(d.rest) {
		d.fail("%s is cut off", field)
		return nil
	}
	taken := d.rest[:n:n]
	d.rest = d.rest[n:]
	return taken
}

// byte returns the next byte, which must be in low … high.
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

// Flags of a marker or a join. A chunk has none yet.
const (
	noFlags     byte = 0
	flagJournal byte = 1 // the snapshot asks for journals
	flagSave    byte = 2 // it is to be saved
	flagLight   byte = 4 // its states and messages are not to be sent
	flagHold    byte = 8 // programs are held from the recording on
)

func flagsOf(w snapshot.Wants) byte {
	flags := noFlags
	if w.Journal {
		flags |= flagJournal
	}
	if w.Save {
		flags |= flagSave
	}
	if w.Light {
		flags |= flagLight
	}
	if w.Hold {
		flags |= flagHold
	}
	return flags
}

// wants decodes the flags of a marker or a join.
func (d *decoder) wants() snapshot.Wants {
	flags := d.flags(flagJournal | flagSave | flagLight | flagHold)
	w := snapshot.Wants{Journal: flags&flagJournal != 0, Save: flags&flagSave != 0, Light: flags&flagLight != 0, Hold: flags&flagHold != 0}
	if w.Light && !w.Save {
		d.fail("flags %#02x: a snapshot without states must be saved", flags)
	}
	if w.Hold && !w.Save {
		d.fail("flags %#02x: a snapshot that holds the programs must be saved", flags)
	}
	return w
}

// wantsText returns what the flags add to the text of a frame.
func wantsText(w snapshot.Wants) (text string) {
	if w.Journal {
		text += ", with journals"
	}
	if w.Save {
		text += ", saved"
	}
	if w.Light {
		text += " without a document"
	}
	if w.Hold {
		text += ", programs held"
	}
	return text
}

// flags decodes a byte of flags, of which some are known. Another one is an error, because
// a sender that sets it relies on its meaning.
func (d *decoder) flags(known byte) byte {
	b := d.take("flags", 1)
	switch {
	case d.err != nil:
		return 0
	case b[0]&^known != 0:
		d.fail("unknown flags %#02x", b[0])
		return 0
	}
	return b[0]
}

// uint returns the next number, which must be in its shortest form.
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

// uint8 returns the next number, which must be below 256.
func (d *decoder) uint8(field string) uint8 {
	n := d.uint(field)
	if n > math.MaxUint8 {
		d.fail("%s is %d, more than %d", field, n, math.MaxUint8)
		return 0
	}
	return uint8(n)
}

// duration returns the next number, in microseconds, as a duration.
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

// all returns the rest of the payload, at most limit bytes, or nil if it is empty.
func (d *decoder) all(field string, limit int) []byte {
	if len(d.rest) > limit {
		d.fail("%s has %d bytes, more than %d", field, len(d.rest), limit)
	}
	if len(d.rest) == 0 {
		return nil
	}
	return d.take(field, len(d.rest))
}

// check sets the error if fault is non-nil and the first one.
func (d *decoder) check(fault error) {
	if d.err == nil && fault != nil {
		d.err = fault
	}
}

// counts compares how many messages have reached two stages of their way. It returns an
// error if more have reached the later stage than the earlier one.
func counts(laterName string, later uint64, earlierName string, earlier uint64) error {
	if later > earlier {
		return fmt.Errorf("%s %d is more than %s %d", laterName, later, earlierName, earlier)
	}
	return nil
}
