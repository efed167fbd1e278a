package maelstrom

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		line string
		want Line // slices as texts
	}{
		{`{"src":"n1","dest":"n2","body":{"type":"echo","msg_id":7}}`,
			Line{Src: "n1", Dest: "n2", Body: []byte(`{"type":"echo","msg_id":7}`), Type: "echo", MsgID: []byte("7")}},
		{`{"src":"n1","dest":"n2","body":{"type":"a","msg_id":"a-7","in_reply_to":"q\"1"}}`,
			Line{Src: "n1", Dest: "n2", Body: []byte(`{"type":"a","msg_id":"a-7","in_reply_to":"q\"1"}`), Type: "a", MsgID: []byte(`"a-7"`), InReplyTo: []byte(`"q\"1"`)}},
		{`{"body":{"in_reply_to":null,"msg_id":0},"dest":"n2","id":3}`,
			Line{Dest: "n2", Body: []byte(`{"in_reply_to":null,"msg_id":0}`)}},
		{`{"dest":"n2","body":{"in_reply_to":-1,"Type":"no"}}`,
			Line{Dest: "n2", Body: []byte(`{"in_reply_to":-1,"Type":"no"}`)}},
		{`{"dest":"n2","body":{}}`, Line{Dest: "n2", Body: []byte(`{}`)}},
		{` { "dest" : "\u006e2" , "src" : 4 , "body" : { "x" : [ {"type":"inner"} , "}" ] , "\u0074ype" : "a\nb" } } ` + "\r",
			Line{Dest: "n2", Body: []byte(`{ "x" : [ {"type":"inner"} , "}" ] , "\u0074ype" : "a\nb" }`), Type: "a\nb"}},
		{`{"dest":"n1","body":{"type":"a"},"dest":"n2","body":{"type":"b"}}`,
			Line{Dest: "n2", Body: []byte(`{"type":"b"}`), Type: "b"}},
	} {
		got, err := Parse([]byte(c.line))
		if err != nil || !same(got, c.want) {
			t.Errorf("%s\n got %+q, %v\nwant %+q", c.line, got, err, c.want)
		}
	}
}

func same(a, b Line) bool {
	return a.Src == b.Src && a.Dest == b.Dest && a.Type == b.Type && bytes.Equal(a.Body, b.Body) &&
		bytes.Equal(a.MsgID, b.MsgID) && bytes.Equal(a.InReplyTo, b.InReplyTo)
}

func TestParseFaults(t *testing.T) {
	for _, line := range []string{"", "hello", "[]", "7", "null", `{"dest":"n1","body":{}`, "{}{}", "\ufeff{}", `{"a":01}`} {
		if _, err := Parse([]byte(line)); !errors.Is(err, ErrNotJSON) {
			t.Errorf("%q: got error %v, want %v", line, err, ErrNotJSON)
		}
		if _, err := ParseBody([]byte(line)); !errors.Is(err, ErrNotJSON) {
			t.Errorf("%q as a body: got error %v, want %v", line, err, ErrNotJSON)
		}
	}
	for _, line := range []string{
		"{}", `{"body":{}}`, `{"dest":null,"body":{}}`, `{"dest":"","body":{}}`, `{"dest":7,"body":{}}`,
		`{"dest":"n1"}`, `{"dest":"n1","body":null}`, `{"dest":"n1","body":[]}`, `{"dest":"n1","body":"{}"}`,
	} {
		if _, err := Parse([]byte(line)); !errors.Is(err, errEnvelope) {
			t.Errorf("%q: got error %v, want %v", line, err, errEnvelope)
		}
	}
}

func TestReply(t *testing.T) {
	l, err := Parse([]byte(`{"src":"n\"1","dest":"lin-kv","body":{"type":"read","msg_id":12345678901234567890}}`))
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		`{"type":"read_ok","value":[1, 2]}`: `{"src":"lin-kv","dest":"n\"1","body":{"type":"read_ok","value":[1, 2],"in_reply_to":12345678901234567890}}`,
		`{}`:                                `{"src":"lin-kv","dest":"n\"1","body":{"in_reply_to":12345678901234567890}}`,
		string(ErrorBody(CodeKeyDoesNotExist, `no "k"`)): `{"src":"lin-kv","dest":"n\"1","body":{"type":"error","code":20,"text":"no \"k\"","in_reply_to":12345678901234567890}}`,
	} {
		if got := l.Reply("lin-kv", []byte(body)); string(got) != want || !json.Valid(got) {
			t.Errorf("%s:\n got %s\nwant %s", body, got, want)
		}
	}
	l.MsgID = nil
	want := `{"src":"lin-kv","dest":"n\"1","body":{"type":"read_ok"}}`
	if got := l.Reply("lin-kv", []byte(`{"type":"read_ok"}`)); string(got) != want {
		t.Errorf("without a msg_id:\n got %s\nwant %s", got, want)
	}
	if got, want := l.Member("type"), `"read"`; string(got) != want {
		t.Errorf("member: got %s, want %s", got, want)
	}
	if got := l.Member("none"); got != nil {
		t.Errorf("a member that is not there: got %s, want nil", got)
	}
}

// FuzzParse compares Parse with encoding/json, which ignores the case of keys only when
// it decodes into a struct.
func FuzzParse(f *testing.F) {
	for _, line := range []string{
		`{"src":"n1","dest":"n2","body":{"type":"echo","msg_id":7,"x":[1,{"y":"}"}]}}`,
		`{"body":{"in_reply_to":"\"","\u0074ype":"a"},"dest":"\u006e","id":-1.5e3}`, `{"dest":"a","body":{}}`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		l, err := Parse(line)
		var whole map[string]json.RawMessage
		if json.Unmarshal(line, &whole) != nil || whole == nil {
			if !errors.Is(err, ErrNotJSON) {
				t.Errorf("%q: got error %v, want %v", line, err, ErrNotJSON)
			}
			return
		}
		if errors.Is(err, ErrNotJSON) {
			t.Fatalf("%q: got error %v, want a JSON object", line, err)
		}
		if err != nil {
			return
		}
		var body map[string]json.RawMessage
		if err := json.Unmarshal(l.Body, &body); err != nil || !bytes.Equal(l.Body, whole["body"]) {
			t.Errorf("%q: body: got %q, %v, want %q", line, l.Body, err, whole["body"])
		}
		var dest string
		if json.Unmarshal(whole["dest"], &dest); string(l.Dest) != dest {
			t.Errorf("%q: dest: got %q, want %q", line, l.Dest, dest)
		}
		want := string(body["msg_id"])
		if strings.Contains(" null 0 -1 ", " "+want+" ") {
			want = ""
		}
		if string(l.MsgID) != want {
			t.Errorf("%q: msg_id: got %q, want %q", line, l.MsgID, want)
		}
		if again := l.Reply("n1", []byte("{}")); !json.Valid(again) {
			t.Errorf("%q: reply: got %q, want valid JSON", line, again)
		}
	})
}
