package config

import "strings"

// deepMax is how many parts a key may have, and how many arrays and inline tables may lie
// in each other. The TOML library takes more than quadratic time for deep ones.
const deepMax = 32

// tooDeep returns the first line on which more than deepMax keys, arrays or inline tables
// lie in each other, or 0. It need not notice wrong syntax.
func tooDeep(text string) (line int) {
	line = 1
	dots, brackets := 0, 0
	for len(text) > 0 {
		skip := 1
		switch text[0] {
		case '\n':
			line++
			dots = 0
		case '#':
			skip = max(1, end(text, 1, "\n", false))
		case '"', '\'':
			skip = skipString(text)
			line += strings.Count(text[:skip], "\n")
		case '.':
			dots++
		case '=', ',':
			dots = 0
		case '[', '{':
			brackets++
			dots = 0
		case ']', '}':
			brackets = max(0, brackets-1)
		}
		if dots >= deepMax || brackets > deepMax {
			return line
		}
		text = text[skip:]
	}
	return 0
}

// skipString returns the length of the string with which text begins.
func skipString(text string) int {
	quote := text[:1]
	if long := strings.Repeat(quote, 3); strings.HasPrefix(text, long) {
		return min(end(text, 3, long, quote == `"`)+3, len(text))
	}
	n := end(text, 1, quote, quote == `"`)
	if line := strings.IndexByte(text[:n], '\n'); line >= 0 { // not closed on its line
		return line
	}
	return min(n+1, len(text))
}

// end returns the index of the next mark from i on, or the length of the text. With
// escapes, a character after a backslash does not count.
func end(text string, i int, mark string, escapes bool) int {
	for ; i < len(text); i++ {
		switch {
		case escapes && text[i] == '\\':
			i++
		case strings.HasPrefix(text[i:], mark):
			return i
		}
	}
	return len(text)
}
