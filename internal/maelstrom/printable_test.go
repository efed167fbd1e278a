package maelstrom

import (
	"strings"
	"testing"
)

// Control characters of a program must not reach a terminal.
func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "",
		"plain é 世":             "plain é 世",
		"a\x1b[31mb\r\n\x00\t":  `a\x1b[31mb\x0d\x0a\x00 `,
		"\xff\u200b\u2028":      "\uFFFD" + `\u200b\u2028`,
		strings.Repeat("x", 30): strings.Repeat("x", 20) + "…",
	} {
		if got := Printable([]byte(text), 20); got != want {
			t.Errorf("%q:\n got %q\nwant %q", text, got, want)
		}
	}
}
