package snapshot

// The functions in this file walk over JSON that is known to be valid. They do not
// recurse and allocate nothing.

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// skipSpace returns the index of the first byte from i on that is not white space.
func skipSpace(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
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

// skipLiteral returns the index after the number, true, false or null that begins at i.
func skipLiteral(b []byte, i int) int {
	for i < len(b) && b[i] != ',' && b[i] != ']' && b[i] != '}' && !isSpace(b[i]) {
		i++
	}
	return i
}

// skipValue returns the index after the value that begins at i, and how deep it nests:
// 0 if it is neither an object nor an array.
func skipValue(b []byte, i int) (end, depth int) {
	for open := 0; ; {
		switch b[i] {
		case '"':
			i = skipString(b, i)
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
			i = skipLiteral(b, i)
		}
		if open == 0 {
			return i, depth
		}
	}
}
