package jsonwalk

import "unicode/utf8"

// Checker checks a JSON text that comes in pieces, which may begin and end anywhere. It
// accepts what [encoding/json.Valid] accepts, if that is also UTF-8, has no white space
// around it, and nests at most DepthMax deep. Only the depth takes memory.
type Checker struct {
	DepthMax int

	state  state
	spaced bool   // the last byte was white space behind the value
	key    bool   // the string in progress is the key of a member
	left   string // bytes of a literal, or hexadecimal digits of an escape, that must follow
	open   []byte // brackets that are open

	partial  [utf8.UTFMax]byte // a character that the last piece has begun
	partialN int
}

// state is what may follow in the text.
type state byte

const (
	atStart    state = iota // the value, without white space before it
	atValue                 // a value
	atFirst                 // the first value of an array, or its end
	atKey                   // a key
	atFirstKey              // the first key of an object, or its end
	atColon                 // the colon after a key
	afterValue              // a comma, a closing bracket, or the end of the text
	inString                // the rest of a string
	inEscape                // the byte after a backslash
	inHex                   // len(left) hexadecimal digits
	inLiteral               // left
	afterMinus              // the first digit of a number
	afterZero               // what may follow a leading zero
	inInteger               // what may follow a digit before the point
	afterPoint              // the first digit after the point
	inFraction              // what may follow a digit after the point
	afterE                  // the sign or the first digit of an exponent
	afterSign               // the first digit of an exponent
	inExponent              // what may follow a digit of an exponent
	invalid                 // nothing: the text is no JSON
)

// Add checks the next piece of the text.
func (c *Checker) Add(b []byte) {
	c.addText(b)
	for i := 0; i < len(b) && c.state != invalid; i++ {
		switch c.state { // most bytes of a large text are in strings and numbers
		case inString:
			for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' {
				i++
			}
		case inInteger, inFraction:
			for i < len(b) && '0' <= b[i] && b[i] <= '9' {
				i++
			}
		}
		if i == len(b) {
			return
		}
		c.state = c.next(b[i])
	}
}

// Failed reports whether nothing that may still come makes the text valid.
func (c *Checker) Failed() bool { return c.state == invalid }

// Valid reports whether the pieces together are a valid text.
func (c *Checker) Valid() bool {
	if len(c.open) > 0 || c.spaced {
		return false
	}
	switch c.state {
	case afterValue, afterZero, inInteger, inFraction, inExponent:
		return true
	}
	return false
}

// addText checks that the text is UTF-8.
func (c *Checker) addText(b []byte) {
	for c.partialN > 0 {
		if utf8.FullRune(c.partial[:c.partialN]) {
			if !utf8.Valid(c.partial[:c.partialN]) {
				c.state = invalid
			}
			c.partialN = 0
			break
		}
		if len(b) == 0 {
			return
		}
		c.partial[c.partialN] = b[0]
		c.partialN++
		b = b[1:]
	}
	end := len(b)
	for i := end - 1; i >= max(0, end-utf8.UTFMax+1); i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) {
				end = i
			}
			break
		}
	}
	if !utf8.Valid(b[:end]) {
		c.state = invalid
	}
	c.partialN = copy(c.partial[:], b[end:])
}

// next returns the state after the next byte of the text.
func (c *Checker) next(b byte) state {
	switch c.state {
	case inString, inEscape, inHex, inLiteral:
		return c.inside(b)
	case atStart, atValue, atFirst, atKey, atFirstKey, atColon, afterValue:
		return c.between(b)
	}
	switch digit := '0' <= b && b <= '9'; {
	case c.state == afterMinus && b == '0':
		return afterZero
	case digit && (c.state == afterMinus || c.state == inInteger):
		return inInteger
	case digit && (c.state == afterPoint || c.state == inFraction):
		return inFraction
	case digit && (c.state == afterE || c.state == afterSign || c.state == inExponent):
		return inExponent
	case c.state == afterE && (b == '+' || b == '-'):
		return afterSign
	case c.state == afterMinus || c.state == afterPoint || c.state == afterE || c.state == afterSign || digit:
		return invalid
	case b == '.' && (c.state == afterZero || c.state == inInteger):
		return afterPoint
	case (b == 'e' || b == 'E') && c.state != inExponent:
		return afterE
	}
	c.state = afterValue // the number has ended
	return c.between(b)
}

// inside takes a byte in a string or a literal.
func (c *Checker) inside(b byte) state {
	switch c.state {
	case inString:
		switch {
		case b == '\\':
			return inEscape
		case b != '"': // Add skips the bytes of a string that need no look
			return invalid
		case c.key:
			return atColon
		}
		return afterValue
	case inEscape:
		switch b {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			return inString
		case 'u':
			c.left = "0000"
			return inHex
		}
		return invalid
	case inHex:
		if !('0' <= b && b <= '9' || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F') {
			return invalid
		}
		if c.left = c.left[1:]; c.left == "" {
			return inString
		}
		return inHex
	}
	if b != c.left[0] {
		return invalid
	}
	if c.left = c.left[1:]; c.left == "" {
		return afterValue
	}
	return inLiteral
}

// between takes a byte that is in no string, literal or number, but may begin one.
func (c *Checker) between(b byte) state {
	switch {
	case IsSpace(b) && c.state != atStart:
		c.spaced = c.state == afterValue && len(c.open) == 0
		return c.state
	case c.spaced: // only white space may follow, and Valid refuses that
		return invalid
	case (b == ']' || b == '}') && (c.state == afterValue || b == ']' && c.state == atFirst || b == '}' && c.state == atFirstKey):
		return c.close(b)
	case c.state == afterValue && b == ',' && len(c.open) > 0:
		if c.open[len(c.open)-1] == '{' {
			return atKey
		}
		return atValue
	case c.state == atColon && b == ':':
		return atValue
	case b == '"' && (c.state == atKey || c.state == atFirstKey):
		c.key = true
		return inString
	case c.state == atStart || c.state == atValue || c.state == atFirst:
		return c.begin(b)
	}
	return invalid
}

// begin takes the first byte of a value.
func (c *Checker) begin(b byte) state {
	switch b {
	case '"':
		c.key = false
		return inString
	case '-':
		return afterMinus
	case '0':
		return afterZero
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return inInteger
	case 't':
		c.left = "rue"
		return inLiteral
	case 'f':
		c.left = "alse"
		return inLiteral
	case 'n':
		c.left = "ull"
		return inLiteral
	case '[', '{':
		if len(c.open) == c.DepthMax {
			return invalid
		}
		c.open = append(c.open, b)
		if b == '{' {
			return atFirstKey
		}
		return atFirst
	}
	return invalid
}

// close takes a closing bracket.
func (c *Checker) close(b byte) state {
	last := len(c.open) - 1
	if last < 0 || c.open[last] != b-2 { // in ASCII a bracket closes the one two before it
		return invalid
	}
	c.open = c.open[:last]
	return afterValue
}
