package printable

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestTextEscapesWhatIsNotPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "",
		"plain é 世 \\x1b":       "plain é 世 \\x1b",
		"a\x1b[31mb\r\n\x00\t":  `a\x1b[31mb\x0d\x0a\x00 `,
		"\x7f\u009b\u202e":      `\u007f\u009b\u202e`,
		"\u200b\u2028\uFEFF":    `\u200b\u2028\ufeff`,
		"\U000E0041":            `\udb40\udc41`,
		"\xff\xc3 \xed\xa0\x80": "\uFFFD \uFFFD",
	} {
		if got := Text(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestStartCutsLongText(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "",
		"\x1b34567890":          `\x1b34567890`,
		strings.Repeat("x", 11): strings.Repeat("x", 10) + "…",
		"123456789é":            "123456789\uFFFD…",
	} {
		if got := Start([]byte(text), 10); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, text := range []string{"a\x1b[31m\n", "\u202e\xff", `{"a":"` + "\u009b\U000E0041" + `"}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := Text(text)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q: got %q, want printable characters only", text, got)
		}
		if again := Text(got); again != got {
			t.Errorf("%q: got %q from %q, want no change", text, again, got)
		}
		// What is JSON on one line keeps its value.
		encoded, _ := json.Marshal(text)
		var before, after string
		json.Unmarshal(encoded, &before)
		if err := json.Unmarshal([]byte(Text(string(encoded))), &after); err != nil || after != before {
			t.Errorf("%s: got the value %q and error %v, want %q", encoded, after, err, before)
		}
	})
}
