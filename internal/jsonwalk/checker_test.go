package jsonwalk

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

const testDepthMax = 20

// wantValid says what Checker must find, with encoding/json.
func wantValid(text []byte) bool {
	if !json.Valid(text) || !utf8.Valid(text) || len(bytes.TrimSpace(text)) != len(text) {
		return false
	}
	_, depth := SkipValue(text, 0)
	return depth <= testDepthMax
}

// check checks a text in pieces of the given length.
func check(text []byte, length int) bool {
	c := Checker{DepthMax: testDepthMax}
	for len(text) > length {
		c.Add(text[:length])
		text = text[length:]
	}
	c.Add(text)
	return c.Valid()
}

var checked = []string{
	`{"a":[1,{"b":null}],"\"":"\\"}`, `[-1.5e3, "]", [true, false]]`, `"\u0022\uD83d"`, `7`, ` 7`, `7 `, `0`, `-0`, `01`, `-`, `1.`, `1.e1`, `.5`, `1e`, `1e+`,
	`1E-07`, `0e0`, `0.0`, `1.5.5`, `1ee1`, `tru`, `true`, `nulll`, `[`, `[]`, `[1,]`, `[,1]`, `[1 2]`, `{}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{1:1}`, `{"a" : 1 , "b":2 }`,
	`{"a":1]`, `[1}`, `]`, `}`, `"`, `"\x"`, `"\u12"`, `"\u12g4"`, "\"\n\"", "\"\x7f é 世 😀\"", "\"\xff\"", "\"\xe4\xb8\"", "\"\xf0\x9f\x98\"", "\xef\xbb\xbf1", "\x00", ``, `1 2`, `1,2`, `[1],`, "[\t\r\n ]", "\v1", `[1]x`,
	`"a":1`, `{"a":"b":1}`, `[1:2]`, `[-]`, `[-,1]`, `[0.,1]`, `[1e]`, `{"a":tru}`, `[nul]`, `"abc`, `[[[[1]]]`, `"😀`,
	strings.Repeat("[", testDepthMax) + strings.Repeat("]", testDepthMax), strings.Repeat("[", testDepthMax+1) + strings.Repeat("]", testDepthMax+1),
}

// Checker finds the same in all pieces of a text.
func TestCheckerAgreesWithEncodingJSON(t *testing.T) {
	for _, text := range checked {
		for _, length := range []int{1, 2, 3, 5, 100} {
			if got, want := check([]byte(text), length), wantValid([]byte(text)); got != want {
				t.Errorf("%.60q in pieces of %d: got valid %v, want %v", text, length, got, want)
			}
		}
	}
}

// A text that has failed stays so, and takes no more memory.
func TestCheckerFailsAtTheDepth(t *testing.T) {
	c := Checker{DepthMax: testDepthMax}
	for range 1000 {
		c.Add(bytes.Repeat([]byte("["), 1000))
	}
	if !c.Failed() || c.Valid() || cap(c.open) > 10*testDepthMax {
		t.Errorf("a million brackets: got failed %v, valid %v, room for %d brackets; want failed, and room for few", c.Failed(), c.Valid(), cap(c.open))
	}
}

// FuzzChecker compares Checker with encoding/json.
func FuzzChecker(f *testing.F) {
	for _, text := range checked {
		f.Add([]byte(text), uint8(3))
	}
	f.Fuzz(func(t *testing.T, text []byte, length uint8) {
		if got, want := check(text, max(1, int(length))), wantValid(text); got != want {
			t.Errorf("%q in pieces of %d: got valid %v, want %v", text, length, got, want)
		}
	})
}

func BenchmarkChecker(b *testing.B) {
	for name, text := range map[string]string{
		"string":  `"` + strings.Repeat("x", 1<<20) + `"`,
		"numbers": `[` + strings.Repeat("1234,", 1<<20/5) + `1]`,
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				check([]byte(text), 1<<18)
			}
		})
	}
}
