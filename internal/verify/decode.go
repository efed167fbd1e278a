package verify

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// decoder reads JSON member by member. encoding/json alone would let the last of
// two equal keys win, replace invalid UTF-8 and ignore the case of keys.
type decoder struct {
	json   *json.Decoder
	source *source
}

func newDecoder(r io.Reader) *decoder {
	s := &source{r: r, bad: -1}
	d := json.NewDecoder(bufio.NewReaderSize(s, 64<<10))
	d.UseNumber()
	return &decoder{json: d, source: s}
}

// invalidUTF8 is the place of the first byte that is not UTF-8. JSON is UTF-8
// throughout (RFC 8259, section 8.1): a payload that is not stands in base64.
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

// end makes sure that nothing comes after the document.
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

// value reads one whole value; of a literal, a number and a string too.
func (d *decoder) value(into json.Unmarshaler) error {
	if err := d.json.Decode(into); err != nil {
		return d.failure(err)
	}
	return nil
}

// skip passes over one value.
func (d *decoder) skip() error { return d.value(&opaque{}) }

// skipRest passes over what follows a first token.
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

// failure says why the document cannot be read.
func (d *decoder) failure(err error) error {
	switch {
	case d.source.err != nil:
		return fmt.Errorf("read snapshot: %w", d.source.err)
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return errors.New("not a snapshot: cut off")
	}
	// The offset in a json.SyntaxError is that of the whole input only sometimes.
	return fmt.Errorf("not a snapshot: not JSON after byte %d: %w", d.json.InputOffset(), err)
}

// opaque takes a state or a payload that stands as JSON, without looking inside.
type opaque struct {
	size int
	null bool
}

func (o *opaque) UnmarshalJSON(b []byte) error {
	*o = opaque{size: len(b), null: string(b) == "null"}
	return nil
}

// source passes bytes on and finds the first that is not UTF-8.
type source struct {
	r    io.Reader
	err  error // of r, other than the end
	read int64 // bytes, all checked but those in rest
	rest []byte
	bad  int64 // the place of the first bad byte; -1: none
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

// check keeps the start of a rune that is not whole yet, at most three bytes.
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
