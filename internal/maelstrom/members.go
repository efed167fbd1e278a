package maelstrom

import (
	"bytes"
	"iter"
)

// encoding/json ignores the case of keys, and has to decode a message twice to keep the
// bytes of its body. The functions in this file walk over the members of an object
// instead. They require valid JSON, and they copy nothing.

// isObject reports whether JSON text begins like an object.
func isObject(b []byte) bool {
	i := skipSpace(b, 0)
	return i < len(b) && b[i] == '{'
}

// members iterates over the decoded keys of a JSON object and their values as JSON
// texts. The object must be valid.
func members(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		i := skipSpace(object, 0) + 1
		for {
			i = skipSpace(object, i)
			if i >= len(object) || object[i] == '}' {
				return
			}
			end := skipString(object, i)
			key := object[i+1 : end-1]
			if bytes.IndexByte(key, '\\') >= 0 {
				plain, _ := text(object[i:end])
				key = []byte(plain)
			}
			i = skipSpace(object, skipSpace(object, end)+1) // over the colon
			end = skipValue(object, i)
			if !yield(key, object[i:end]) {
				return
			}
			if i = skipSpace(object, end); i < len(object) && object[i] == ',' {
				i++
			}
		}
	}
}

// skipSpace returns the index of the first byte from i on that is not white space.
func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// skipString returns the index after the string that begins at i.
func skipString(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// skipValue returns the index after the value that begins at i.
func skipValue(b []byte, i int) int {
	for depth := 0; i < len(b); {
		switch b[i] {
		case '"':
			i = skipString(b, i)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			depth--
			i++
		default:
			i = skipPlain(b, i, depth)
		}
		if depth <= 0 {
			return i
		}
	}
	return i
}

// skipPlain returns the index after a number or a literal. Inside an array or an object
// (depth above 0) it goes on by one byte only, which may be a comma, a colon or a space.
func skipPlain(b []byte, i, depth int) int {
	if depth > 0 {
		return i + 1
	}
	for i < len(b) {
		switch b[i] {
		case ',', '}', ']', ' ', '\t', '\n', '\r':
			return i
		}
		i++
	}
	return i
}
