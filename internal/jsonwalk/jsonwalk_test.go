package jsonwalk

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

func TestSkipValueEndsAfterValue(t *testing.T) {
	for text, want := range map[string]int{
		`7`: 0, `-1.5E+2`: 0, `true`: 0, `null`: 0, `""`: 0, `"[[["`: 0, `"\"[["`: 0, `"\\"`: 0, `"a\\\"]"`: 0,
		`[]`: 1, `{}`: 1, "[ 1 ,\t[\r\n] ]": 2, `{"a":[1,{}],"b":{}}`: 3, `[[],[[]],"]"]`: 3, `{"}":"{[","\"":[null]}`: 2,
		strings.Repeat("[", 5000) + strings.Repeat("]", 5000): 5000,
	} {
		for _, after := range []string{"", ",7", "]", "}", " ", "\n[[]]"} {
			end, depth := SkipValue([]byte("["+text+after), 1)
			if end != 1+len(text) || depth != want {
				t.Errorf("%.40s before %q: got end %d and depth %d, want %d and %d", text, after, end, depth, 1+len(text), want)
			}
		}
	}
}

func TestSkipSpaceStopsAtEnd(t *testing.T) {
	for text, want := range map[string]int{"": 0, " ": 1, "\t\n\r x": 4, "x ": 0, "\v": 0} {
		if got := SkipSpace([]byte(text), 0); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

// FuzzSkipValue compares SkipValue with encoding/json: the end and the depth of a value
// must be the same.
func FuzzSkipValue(f *testing.F) {
	for _, text := range []string{`{"a":[1,{"b":null}],"\"":"\\"}`, `[-1.5e3, "]", [true]]`, `"\u0022"`, "7 "} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !json.Valid(text) {
			return
		}
		begin, want := SkipSpace(text, 0), len(bytes.TrimRight(text, " \t\r\n"))
		end, depth := SkipValue(text, begin)
		if wantDepth := depthOf(t, text); end != want || depth != wantDepth {
			t.Errorf("%q: got end %d and depth %d, want %d and %d", text, end, depth, want, wantDepth)
		}
	})
}

// depthOf counts the open brackets in the tokens of encoding/json.
func depthOf(t *testing.T, text []byte) (depth int) {
	t.Helper()
	open, d := 0, json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err == io.EOF {
			return depth
		}
		if err != nil {
			t.Fatalf("%q: got error %v", text, err)
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			open++
			depth = max(depth, open)
		case json.Delim(']'), json.Delim('}'):
			open--
		}
	}
}
