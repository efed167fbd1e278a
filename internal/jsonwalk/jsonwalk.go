// Package jsonwalk finds where the values of a JSON text end. Package encoding/json
// decodes values, and its decoder changes them: it rounds numbers, replaces characters
// and takes the last of two equal keys. A caller that needs the bytes of a value as they
// are written walks over the text instead. A [Checker] finds out first whether a text is
// JSON that can be walked over.
//
// The text must be valid JSON, see [encoding/json.Valid]. The functions do not recurse
// and allocate nothing.
package jsonwalk

// IsSpace reports whether c is white space in JSON.
func IsSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// SkipSpace returns the index of the first byte from i on that is not white space.
func SkipSpace(b []byte, i int) int {
	for i < len(b) && IsSpace(b[i]) {
		i++
	}
	return i
}

// SkipString returns the index after the string that begins at i.
func SkipString(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// SkipLiteral returns the index after the number, true, false or null that begins at i.
func SkipLiteral(b []byte, i int) int {
	for i < len(b) && b[i] != ',' && b[i] != ']' && b[i] != '}' && !IsSpace(b[i]) {
		i++
	}
	return i
}

// SkipValue returns the index after the value that begins at i, and how deep its arrays
// and objects nest: 0 if it is neither of them.
func SkipValue(b []byte, i int) (end, depth int) {
	for open := 0; ; {
		switch b[i] {
		case '"':
			i = SkipString(b, i)
		case '{', '[':
			open++
			depth = max(depth, open)
			i++
		case '}', ']':
			open--
			i++
		case ',', ':', ' ', '\t', '\n', '\r':
			i++
		default:
			i = SkipLiteral(b, i)
		}
		if open == 0 {
			return i, depth
		}
	}
}
