// Package printable makes text that somebody else wrote safe for a terminal and for a
// log. A peer, a client, a child or a file can put anything into its text. An escape
// sequence would command the terminal, a line end would forge a line, and a control of
// the writing direction would make a line read differently from what it says.
package printable

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Text returns s on one line and with printable characters only, as [unicode.IsPrint]
// defines them. A tab becomes a space. Every other character becomes its escape, such as
// \x1b or \u202e. Bytes that are not UTF-8 become U+FFFD.
//
// Valid JSON on one line keeps its value: its control characters are escaped already,
// and all other escapes are those of JSON.
func Text(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\t':
			b.WriteByte(' ')
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < ' ':
			fmt.Fprintf(&b, `\x%02x`, r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// Start is Text for at most the first max bytes of text. An ellipsis shows that text was
// cut.
func Start(text []byte, max int) string {
	if len(text) <= max {
		return Text(string(text))
	}
	return Text(string(text[:max])) + "…"
}
