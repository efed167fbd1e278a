package snapshot

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"
)

// process reads the id of a process.
func (d *decoder) process(to *ProcessID) error {
	if err := d.text((*string)(to)); err != nil {
		return err
	}
	return checkID(*to)
}

func checkID(id ProcessID) error {
	if err := id.Check(); err != nil {
		return misfits("%q is no process id: it %v", clip(string(id)), err)
	}
	return nil
}

// count reads a whole number from 0 to 2^64-1. It does so without a float64, in which
// 2^53+1 would be 2^53.
func (d *decoder) count(to *uint64) error {
	literal, err := d.literal()
	if err != nil {
		return err
	}
	if *to, err = strconv.ParseUint(literal, 10, 64); err != nil {
		return misfits("is %s, not a whole number from 0 to %d", clip(literal), uint64(math.MaxUint64))
	}
	return nil
}

// ordinal reads the number of something that is counted from 1.
func (d *decoder) ordinal(to *uint64) error {
	err := d.count(to)
	if err == nil && *to == 0 {
		return misfits("is 0, the first is 1")
	}
	return err
}

func (d *decoder) countOrNull(to *uint64) (known bool, err error) {
	if d.null() {
		return false, nil
	}
	return true, d.count(to)
}

// milliseconds reads a length of time, down to whole microseconds.
func (d *decoder) milliseconds(to *time.Duration) error {
	literal, err := d.literal()
	if err != nil {
		return err
	}
	return millisecondsOf(literal, to)
}

// signedMilliseconds reads a length of time that may be negative.
func (d *decoder) signedMilliseconds(to *time.Duration) error {
	literal, err := d.literal()
	if err != nil {
		return err
	}
	length, negative := strings.CutPrefix(literal, "-")
	if err = millisecondsOf(length, to); negative {
		*to = -*to
	}
	return err
}

func millisecondsOf(literal string, to *time.Duration) error {
	plain := literal
	if strings.ContainsAny(literal, "eE") { // WriteJSON writes none; other tools may
		f, _ := strconv.ParseFloat(literal, 64) // out of range, it is infinite
		plain = strconv.FormatFloat(f, 'f', -1, 64)
	}
	length, err := time.ParseDuration(plain + "ms")
	if err != nil || length < 0 {
		return misfits("is %s, not a length of time of at most %d ms", clip(literal), time.Duration(math.MaxInt64).Milliseconds())
	}
	*to = length.Truncate(time.Microsecond)
	return nil
}

func (d *decoder) millisecondsOrNull(to *time.Duration) (known bool, err error) {
	if d.null() {
		return false, nil
	}
	return true, d.milliseconds(to)
}

// time reads a time of RFC 3339. In UTC its year must have four digits, so that
// WriteJSON can write it again.
func (d *decoder) time(to *time.Time) error {
	var text string
	if err := d.text(&text); err != nil {
		return err
	}
	err := to.UnmarshalText([]byte(text))
	*to = to.UTC()
	if year := to.Year(); err != nil || year < 0 || year > 9999 {
		return misfits("is %q, not a time as in RFC 3339", clip(text))
	}
	return nil
}

// content is a state or a payload. It has one of two keys: its name if it stands as
// JSON, or name_base64.
type content struct {
	name  string
	found int // keys
	bytes []byte
}

// plain reads a value that stands as JSON.
func (d *decoder) plain(c *content) error {
	c.found++
	c.bytes = d.raw()
	return nil
}

func (d *decoder) base64(c *content) (err error) {
	c.found++
	if d.b[d.i] != '"' {
		return misfits("is %s, not a string", d.kind())
	}
	text := d.quoted()
	c.bytes, err = base64.StdEncoding.Strict().AppendDecode(nil, text)
	// The package skips line ends, which RFC 4648 (section 3.3) does not allow.
	if err != nil || base64.StdEncoding.EncodedLen(len(c.bytes)) != len(text) {
		return misfits("is not base64")
	}
	return nil
}

// check checks that exactly one of the two keys was there.
func (c *content) check() error {
	switch c.found {
	case 0:
		return misfits("has neither %q nor %q", c.name, c.name+"_base64")
	case 2:
		return misfits("has both %q and %q", c.name, c.name+"_base64")
	}
	return nil
}

// clip keeps an error readable whatever the document holds.
func clip(s string) string {
	const bytesMax = 64
	if len(s) > bytesMax {
		return strings.ToValidUTF8(s[:bytesMax], "") + "…"
	}
	return s
}
