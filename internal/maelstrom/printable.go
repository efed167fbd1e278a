package maelstrom

import (
	"fmt"
	"strings"
	"unicode"
)

// Printable makes foreign text safe for a log or a terminal. It escapes characters that
// are not printable, and cuts the text after max bytes.
func Printable(text []byte, max int) string {
	cut := len(text) > max
	if cut {
		text = text[:max]
	}
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(string(text), "\uFFFD") {
		switch {
		case r == '\t':
			b.WriteByte(' ')
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	if cut {
		b.WriteString("…")
	}
	return b.String()
}
