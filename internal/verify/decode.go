package verify

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// decoder reads JSON member by member. Decoding into a struct would keep the last of
// two equal keys, replace invalid UTF-8 and ignore the case of keys, all silently.
type decoder struct {
	json   *json.Decoder
	source *source
}

// newDecoder returns a decoder of what follows skipped bytes.
func newDecoder(r io.Reader, skipped int64) *decoder {
	s := &source{r: r, skipped: skipped, read: skipped, bad: -1}
	d := json.NewDecoder(bufio.NewReaderSize(s, 64<<10))
	d.UseNumber()
	return &decoder{json: d, source: s}
}

// invalidUTF8 returns the offset of the first byte that is not UTF-8, if there is one.
// All JSON is UTF-8 (RFC 8259, section 8.1); a payload that is not must be in base64.
func (d *decoder) invalidUTF8() (at int64, bad bool) { return d.source.bad, d.source.bad >= 0 }

// start reads the brace with which the document begins.
func (d *decoder) start() error {
	token, err := d.json.Token()
	switch {
	case err == io.EOF && d.source.err == nil:
		return errors.New("not a snapshot: empty")
	case err != nil:
		return d.failure(err)
	case token != json.Delim('{'):
		return fmt.Errorf("not a snapshot: %s, not an object", describe(token))
	}
	return nil
}

// ended reports whether the input is at its end.
func (d *decoder) ended() bool {
	_, err := d.json.Token()
	return err == io.EOF && d.source.err == nil
}

// end checks that nothing comes after the document.
func (d *decoder) end() error {
	_, err := d.json.Token()
	switch {
	case d.source.err != nil:
		return d.failure(err)
	case err != io.EOF:
		return errors.New("not a snapshot: data after its end")
	}
	return nil
}

func (d *decoder) token() (json.Token, error) {
	token, err := d.json.Token()
	if err != nil {
		return nil, d.failure(err)
	}
	return token, nil
}

// value reads one whole value of any kind.
func (d *decoder) value(into json.Unmarshaler) error {
	if err := d.json.Decode(into); err != nil {
		return d.failure(err)
	}
	return nil
}

// skip skips one value.
func (d *decoder) skip() error { return d.value(&opaque{}) }

// skipRest skips the rest of a value whose first token has been read.
func (d *decoder) skipRest(first json.Token) error {
	if _, nested := first.(json.Delim); !nested {
		return nil
	}
	for d.json.More() {
		if first == json.Delim('{') {
			if _, err := d.token(); err != nil {
				return err
			}
		}
		if err := d.skip(); err != nil {
			return err
		}
	}
	_, err := d.token()
	return err
}

// failure returns the error for a document that cannot be read, because of err.
func (d *decoder) failure(err error) error {
	switch {
	case d.source.err != nil:
		return fmt.Errorf("read snapshot: %w", d.source.err)
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return errors.New("not a snapshot: cut off")
	}
	// The offset in a json.SyntaxError is not always the offset in the whole input.
	return fmt.Errorf("not a snapshot: not JSON after byte %d: %w", d.json.InputOffset(), err)
}

// opaque accepts a state or a payload in JSON and keeps only its size.
type opaque struct {
	size int
	null bool
}

func (o *opaque) UnmarshalJSON(b []byte) error {
	*o = opaque{size: len(b), null: string(b) == "null"}
	return nil
}

// source passes bytes on and finds the first byte that is not UTF-8.
type source struct {
	r       io.Reader
	err     error  // read error of r; never io.EOF
	read    int64  // bytes read; all are checked except the ones in rest
	skipped int64  // bytes before the first one
	rest    []byte // the start of a rune that is not complete, at most three bytes
	bad     int64  // offset of the first bad byte, or -1
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	if s.bad < 0 {
		s.check(p[:n], err == io.EOF)
	}
	return n, err
}

// check checks the bytes b, which follow the ones in rest.
func (s *source) check(b []byte, last bool) {
	at := s.read - int64(len(s.rest))
	s.read += int64(len(b))
	if len(s.rest) == 0 && utf8.Valid(b) {
		return
	}
	b = append(s.rest, b...)
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			if !last && !utf8.FullRune(b[i:]) {
				s.rest = append([]byte(nil), b[i:]...)
				return
			}
			s.bad = at + int64(i)
			return
		}
		i += size
	}
	s.rest = nil
}
