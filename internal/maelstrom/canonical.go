package maelstrom

import (
	"bytes"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"chandy/internal/jsonwalk"
)

// AppendCanonical appends a JSON value in canonical form, which is JSON too. Two texts
// of one value have the same canonical form:
//
//   - there is no white space outside strings;
//   - the members of an object are sorted by key, and of two equal keys the last counts;
//   - strings have no needless escapes;
//   - numbers stay as they are written, so that no digit is lost: 1 and 1.0 differ.
//
// The value must be valid JSON and valid UTF-8. The time grows with its length times
// its depth.
func AppendCanonical(b, value []byte) []byte {
	b, _ = canonicalValue(b, value, 0)
	return b
}

// canonicalValue appends the value that begins at i, or after white space from i on. It
// returns the index after the value.
func canonicalValue(b, text []byte, i int) ([]byte, int) {
	switch i = jsonwalk.SkipSpace(text, i); text[i] {
	case '{':
		return canonicalObject(b, text, i)
	case '[':
		b = append(b, '[')
		for i = jsonwalk.SkipSpace(text, i+1); text[i] != ']'; i = jsonwalk.SkipSpace(text, i) {
			if text[i] == ',' {
				b = append(b, ',')
				i++
			}
			b, i = canonicalValue(b, text, i)
		}
		return append(b, ']'), i + 1
	case '"':
		end := jsonwalk.SkipString(text, i)
		return canonicalString(b, text[i:end]), end
	}
	end := jsonwalk.SkipLiteral(text, i)
	return append(b, text[i:end]...), end
}

// canonicalObject appends the object that begins at i, and returns the index after it.
func canonicalObject(b, text []byte, i int) ([]byte, int) {
	type member struct{ key, whole []byte }
	var members []member
	for i = jsonwalk.SkipSpace(text, i+1); text[i] != '}'; i = jsonwalk.SkipSpace(text, i) {
		if text[i] == ',' {
			i = jsonwalk.SkipSpace(text, i+1)
		}
		end := jsonwalk.SkipString(text, i)
		whole := canonicalString(nil, text[i:end])
		key := len(whole)
		whole, i = canonicalValue(append(whole, ':'), text, jsonwalk.SkipSpace(text, end)+1)
		members = append(members, member{whole[:key], whole})
	}
	slices.SortStableFunc(members, func(a, b member) int { return bytes.Compare(a.key, b.key) })
	b = append(b, '{')
	first := len(b)
	for n, m := range members {
		if n+1 < len(members) && bytes.Equal(m.key, members[n+1].key) {
			continue
		}
		if len(b) > first {
			b = append(b, ',')
		}
		b = append(b, m.whole...)
	}
	return append(b, '}'), i + 1
}

// canonicalString appends a string; quoted includes the quotes. In the result only
// quotes, backslashes, control characters and single surrogates are escaped. UTF-8
// cannot hold a single surrogate.
func canonicalString(b, quoted []byte) []byte {
	for i := 0; i < len(quoted); i++ {
		if quoted[i] != '\\' {
			b = append(b, quoted[i])
			continue
		}
		i++
		switch c := quoted[i]; c {
		case 'u':
			r := hex(quoted[i+1:])
			i += 4
			if utf16.IsSurrogate(r) && quoted[i+1] == '\\' && quoted[i+2] == 'u' {
				if pair := utf16.DecodeRune(r, hex(quoted[i+3:])); pair != utf8.RuneError {
					r = pair
					i += 6
				}
			}
			b = canonicalRune(b, r)
		case 'b', 'f', 'n', 'r', 't':
			b = canonicalRune(b, rune("\b\f\n\r\t"[bytes.IndexByte([]byte("bfnrt"), c)]))
		default: // a quote, a slash or a backslash
			b = canonicalRune(b, rune(c))
		}
	}
	return b
}

// canonicalRune appends a character that was escaped in the input.
func canonicalRune(b []byte, r rune) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(b, '\\', byte(r))
	case r < ' ':
		b = append(b, `\u00`...)
		return append(b, "0123456789abcdef"[r>>4], "0123456789abcdef"[r&15])
	case utf16.IsSurrogate(r):
		return strconv.AppendInt(append(b, `\u`...), int64(r), 16)
	}
	return utf8.AppendRune(b, r)
}

// hex reads four hexadecimal digits.
func hex(digits []byte) rune {
	n, err := strconv.ParseUint(string(digits[:4]), 16, 16)
	if err != nil {
		panic("bug: an escape that is not JSON: " + err.Error())
	}
	return rune(n)
}

// Depth returns how deep the arrays and objects of a valid JSON value are nested.
func Depth(value []byte) int {
	_, depth := jsonwalk.SkipValue(value, jsonwalk.SkipSpace(value, 0))
	return depth
}
