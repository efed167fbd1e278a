package journal

import "bytes"

// rawTag in Entry.len means that the tag is not cut at the end of the type yet. Most
// messages begin with their type, and this is the cheapest way to keep it: throughput with
// messages of 128 B would fall by several per cent if each type was looked for at once.
const rawTag = 0xff

// typeFirst is how such a message begins.
const typeFirst = `{"type":"`

// searched is how many bytes of a payload are searched for its type.
const searched = 512

// setType keeps the type of a message: the member "type" of the payload or of its "body".
func (e *Entry) setType(payload []byte) {
	e.len = 0
	switch {
	case len(payload) == 0 || payload[0] != '{':
	case len(payload) >= len(typeFirst)+len(e.tag) && string(payload[:len(typeFirst)]) == typeFirst:
		e.tag = [16]byte(payload[len(typeFirst):])
		e.len = rawTag
	default:
		e.len = uint8(copy(e.tag[:], printable(find(payload[:min(len(payload), searched)]))))
	}
}

// sameType reports whether a message is known to have the same type.
func (e *Entry) sameType(payload []byte) bool {
	if e.len == rawTag {
		return len(payload) >= len(typeFirst)+len(e.tag) && string(payload[:len(typeFirst)]) == typeFirst &&
			[16]byte(payload[len(typeFirst):]) == e.tag
	}
	return e.len == 0 && (len(payload) == 0 || payload[0] != '{')
}

// Type returns the type of a message, at most 16 characters of it, or "" if none was found.
// It ends before the first character that is not printable ASCII, and before an escape.
func (e *Entry) Type() string {
	if e.len == rawTag {
		return string(printable(e.tag[:]))
	}
	return string(e.tag[:e.len])
}

// printable returns the beginning of a JSON string that is printable ASCII, without its
// quotation marks.
func printable(text []byte) []byte {
	for i, c := range text {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return text[:i]
		}
	}
	return text
}

// find returns what follows the quotation mark of the type in the beginning of an object,
// or nil.
func find(b []byte) []byte {
	s := scanner{b: b, i: 1}
	depth := 0 // 1 within "body"
	for {
		switch s.peek() {
		case '}':
			if depth == 0 {
				return nil
			}
			depth--
			s.i++
		case ',':
			s.i++
		case '"':
			key := s.string()
			if s.peek() != ':' {
				return nil
			}
			s.i++
			switch first := s.peek(); {
			case first == '"' && string(key) == "type":
				return b[s.i+1:]
			case first == '{' && string(key) == "body" && depth == 0:
				depth++
				s.i++
			default:
				s.value()
			}
		default: // it is no object, or its beginning ends here
			return nil
		}
	}
}

// scanner walks over a text that begins like JSON, and need not be JSON. At the end of the
// text it reads zeros.
type scanner struct {
	b []byte
	i int
}

// peek skips spaces and returns the next byte.
func (s *scanner) peek() byte {
	for s.i < len(s.b) && (s.b[s.i] == ' ' || s.b[s.i] == '\t' || s.b[s.i] == '\n' || s.b[s.i] == '\r') {
		s.i++
	}
	if s.i >= len(s.b) {
		return 0
	}
	return s.b[s.i]
}

// string skips a string and returns what is between its quotation marks.
func (s *scanner) string() []byte {
	begin := s.i + 1
	for s.i = begin; s.i < len(s.b); s.i++ {
		switch s.b[s.i] {
		case '\\':
			s.i++
		case '"':
			s.i++
			return s.b[begin : s.i-1]
		}
	}
	return nil
}

// value skips a value.
func (s *scanner) value() {
	for open := 0; ; {
		switch s.peek() {
		case 0:
			s.i = len(s.b)
			return
		case '"':
			s.string()
		case '{', '[':
			open++
			s.i++
		case '}', ']':
			open--
			s.i++
		case ',', ':':
			s.i++
		default:
			n := bytes.IndexAny(s.b[s.i:], ",]} \t\n\r")
			if n < 0 {
				n = len(s.b) - s.i
			}
			s.i += max(1, n)
		}
		if open <= 0 {
			return
		}
	}
}
