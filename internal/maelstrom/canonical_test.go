package maelstrom

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCanonicalForms(t *testing.T) {
	for text, want := range map[string]string{
		` 7 `:                           `7`,
		`12345678901234567890`:          `12345678901234567890`,
		`1.0`:                           `1.0`,
		`-1E+2`:                         `-1E+2`,
		"\tnull\r\n":                    `null`,
		`[ ]`:                           `[]`,
		`{ }`:                           `{}`,
		"[ 1 ,[ true,\n{ } ], \"a b\"]": `[1,[true,{}],"a b"]`,
		`{"b":1,"a":{"d":[],"c":2}}`:    `{"a":{"c":2,"d":[]},"b":1}`,
		`{"a":1,"b":2,"\u0061":3}`:      `{"a":3,"b":2}`,
		`{"aa":1,"a":2,"":3}`:           `{"":3,"a":2,"aa":1}`,
		`"\u0061\/\u00e9é<"`:            `"a/éé<"`,
		`"\"\\\u0022\u005C"`:            `"\"\\\"\\"`,
		`"\b\f\n\r\t\u000A\u001F"`:      `"\u0008\u000c\u000a\u000d\u0009\u000a\u001f"`,
		`"\uD83D\uDE00😀"`:               `"😀😀"`,
		`"\uD83D"`:                      `"\ud83d"`,
		`"\uD83Dx\uDE00"`:               `"\ud83dx\ude00"`,
		`"\uDE00\uD83D\uDE00"`:          `"\ude00😀"`,
		`"\ud83d\u0041"`:                `"\ud83dA"`,
		`"\ufffd"`:                      `"` + "\ufffd" + `"`,
		`"\\ud83d"`:                     `"\\ud83d"`,
	} {
		if got := AppendCanonical([]byte("x"), []byte(text)); string(got) != "x"+want {
			t.Errorf("%s\n got %s\nwant x%s", text, got, want)
		}
	}
}

func TestDepth(t *testing.T) {
	for text, want := range map[string]int{
		`7`: 0, `"[[["`: 0, `"\"[["`: 0, `[]`: 1, `{"a":[1,{}],"b":{}}`: 3, `[[],[[]],"]"]`: 3,
		strings.Repeat("[", 5000) + strings.Repeat("]", 5000): 5000,
	} {
		if got := Depth([]byte(text)); got != want {
			t.Errorf("%.40s: got depth %d, want %d", text, got, want)
		}
	}
}

// FuzzCanonical compares with encoding/json: two texts have one form if and only if
// they have one value.
func FuzzCanonical(f *testing.F) {
	for _, text := range []string{
		`{"b":[1,2.50,{"\u0061":null}],"a":"\ud83d\ude00\n"} {"a":"😀\u000a","b":[1,2.50,{"a":null}]}`,
		`[1e2,-0,true] [1e2, -0, true]`, `"\ud800" "\ud801"`, `"\/" "/"`, `{"a":1,"a":2} {"a":2}`,
	} {
		a, b, _ := strings.Cut(text, " ")
		f.Add([]byte(a), []byte(b))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if !json.Valid(a) || !utf8.Valid(a) || !json.Valid(b) || !utf8.Valid(b) {
			return
		}
		one, other := AppendCanonical(nil, a), AppendCanonical(nil, b)
		if again := AppendCanonical(nil, one); !json.Valid(one) || !bytes.Equal(again, one) {
			t.Fatalf("%q: the form of %q:\n got %q\nwant the same", a, one, again)
		}
		if !reflect.DeepEqual(decoded(t, a), decoded(t, one)) {
			t.Fatalf("the form of %q has another value: got %q", a, one)
		}
		// encoding/json decodes all single surrogates to one character.
		same, want := bytes.Equal(one, other), reflect.DeepEqual(decoded(t, a), decoded(t, b))
		if same != want && !bytes.Contains(one, []byte(`\ud`)) {
			t.Errorf("%q and %q: got the same form: %v, want %v", a, b, same, want)
		}
	})
}

func decoded(t *testing.T, text []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q: got error %v, want JSON", text, err)
	}
	return v
}
