package journal

import (
	"encoding/json"
	"strings"
	"testing"
)

func typeOf(payload string) string {
	var e Entry
	e.setType([]byte(payload))
	return e.Type()
}

func TestTypes(t *testing.T) {
	for payload, want := range map[string]string{
		``:  "",
		`x`: "", `[]`: "", `{`: "", `{}`: "", `"type"`: "", `{"type"`: "", `{"type":`: "", `{"type":"`: "",
		`{"type":"a"}`:                                                               "a",
		`{"type":"transfer","amount":3}`:                                             "transfer",
		`{"type" : "transfer" }`:                                                     "transfer",
		`{"type":"0123456789abcdef"}`:                                                "0123456789abcdef",
		`{"type":"0123456789abcdefg"}`:                                               "0123456789abcdef",
		`{ "type" :"0123456789abcdefg"}`:                                             "0123456789abcdef",
		`{"type":"a\"b","amount":123456}`:                                            "a",
		`{"type":"a\u0041b","amount":123456}`:                                        "a",
		"{\"type\":\"a\x1b[31m\",\"amount\":1234}":                                   "a",
		"{\"type\":\"é\",\"amount\":123456789}":                                      "",
		`{"type":7,"body":{"type":"b"}}`:                                             "b",
		`{"src":"n1","dest":"n2","body":{"type":"echo"}}`:                            "echo",
		`{"body":{"msg_id":5,"x":{"type":"no"},"y":[{"type":"no"}],"type":"ask"}}`:   "ask",
		`{"body":{"text":"}\"type\":\"no\"","body":{"type":"no"},"n":-1.5e3},"a":1}`: "",
		`{"body":{"a":true},"type":"late"}`:                                          "late",
		`{"x":{"type":"no"},"y":null}`:                                               "",
		`{"memo":"` + strings.Repeat("x", 400) + `","type":"near"}`:                  "near",
		`{"memo":"` + strings.Repeat("x", 600) + `","type":"far"}`:                   "",
	} {
		if got := typeOf(payload); got != want {
			t.Errorf("%s: got %q, want %q", payload, got, want)
		}
	}
}

// Whatever a payload is, its type ends soon and can be printed. Of JSON it is the type that
// a parser finds.
func FuzzType(f *testing.F) {
	for _, seed := range []string{`{"type":"transfer","amount":3}`, `{"body":{"a":[1,{"type":"b"}],"type":"c"}}`, `{"a":"\\\"","type":"x"}`, `{`, `{"a" 1`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		got := typeOf(payload)
		if len(got) > 16 || strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q: got %q, want at most 16 printable characters", payload, got)
		}
		var message struct{ Type *string }
		if got != "" && json.Unmarshal([]byte(payload), &message) == nil && message.Type != nil && strings.Count(strings.ToLower(payload), "type") == 1 &&
			!strings.ContainsAny(*message.Type, "\\\"\ufffd") && !strings.Contains(payload, "\\") && !strings.HasPrefix(*message.Type, got) {
			t.Errorf("%q: got %q, want the beginning of %q", payload, got, *message.Type)
		}
	})
}
