package maelstrom

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"chandy/snapshot"
)

// Line is one message. Its slices refer to the bytes that were parsed.
type Line struct {
	// Src is the sender that the line names. It must not be trusted: a program can
	// write any name. It is empty if the line has no "src" that is a string.
	Src snapshot.ProcessID
	// Dest is never empty after Parse.
	Dest snapshot.ProcessID
	// Body is a JSON object, byte for byte as it was written.
	Body []byte
	// Type is the body's "type", or empty if the body has none that is a string.
	Type string
	// MsgID and InReplyTo are JSON texts, such as 7 or "a7". Compare them as bytes. Nil
	// means that the body has no such id. Programs also write null, 0 or -1 for that.
	MsgID, InReplyTo []byte
}

// ErrNotJSON is the error for a line that is not a JSON object.
var ErrNotJSON = errors.New("not a JSON object")

// errEnvelope is the error for a JSON object that is not a message.
var errEnvelope = errors.New("not a message")

// Parse reads a line, without its line end. Keys are case-sensitive. If a key stands
// twice, the last value counts. The error is ErrNotJSON if the line is not a JSON
// object. Otherwise it says what the message lacks.
func Parse(line []byte) (Line, error) {
	var l Line
	if !isObject(line) || !json.Valid(line) {
		return l, ErrNotJSON
	}
	var dest []byte
	for key, value := range members(line) {
		switch string(key) {
		case "src":
			src, _ := text(value)
			l.Src = snapshot.ProcessID(src)
		case "dest":
			dest = value
		case "body":
			l.Body = value
		}
	}
	to, ok := text(dest)
	if !ok || to == "" {
		return l, fmt.Errorf(`%w: "dest" must be a string and not empty`, errEnvelope)
	}
	l.Dest = snapshot.ProcessID(to)
	if !isObject(l.Body) {
		return l, fmt.Errorf(`%w: "body" must be an object`, errEnvelope)
	}
	l.readBody()
	return l, nil
}

// ParseBody reads a body alone, as clients send it. The Line has no Src and no Dest.
// The error is ErrNotJSON.
func ParseBody(body []byte) (Line, error) {
	l := Line{Body: bytes.TrimSpace(body)}
	if !isObject(body) || !json.Valid(body) {
		return l, ErrNotJSON
	}
	l.readBody()
	return l, nil
}

func (l *Line) readBody() {
	for key, value := range members(l.Body) {
		switch string(key) {
		case "type":
			l.Type, _ = text(value)
		case "msg_id":
			l.MsgID = id(value)
		case "in_reply_to":
			l.InReplyTo = id(value)
		}
	}
}

// id returns a message id, or nil if the value means that there is none.
func id(value []byte) []byte {
	switch string(value) {
	case "null", "0", "-1":
		return nil
	}
	return value
}

// Asks returns the msg_id that a reply to l repeats, or nil. MsgID is nil for 0 and -1 too,
// but some programs count their requests from 0 and wait for that number.
func (l Line) Asks() []byte {
	if id := l.Member("msg_id"); string(id) != "null" {
		return id
	}
	return nil
}

// Member returns the value of one key of the body as JSON text, or nil.
func (l Line) Member(name string) []byte {
	var found []byte
	for key, value := range members(l.Body) {
		if string(key) == name {
			found = value
		}
	}
	return found
}

// Reply returns the line, without a line end, by which process from answers l. It goes
// to l's Src. The body must be a JSON object without in_reply_to. Reply adds that
// member if l has a MsgID.
func (l Line) Reply(from snapshot.ProcessID, body []byte) []byte {
	return AppendLine(nil, from, l.Src, l.ReplyBody(body))
}

// ReplyBody returns the body of the answer to l, with its in_reply_to.
func (l Line) ReplyBody(body []byte) []byte {
	if l.MsgID == nil {
		return body
	}
	return AddMember(body, "in_reply_to", l.MsgID)
}

// AppendLine appends a message, without a line end. The body must be a JSON object.
func AppendLine(b []byte, src, dest snapshot.ProcessID, body []byte) []byte {
	b = append(b, `{"src":`...)
	b = appendText(b, string(src))
	b = append(b, `,"dest":`...)
	b = appendText(b, string(dest))
	b = append(b, `,"body":`...)
	b = append(b, body...)
	return append(b, '}')
}

// AddMember returns a copy of a JSON object with one more member at its end. The value
// is JSON text.
func AddMember(object []byte, key string, value []byte) []byte {
	object = bytes.TrimSpace(object)
	inside := bytes.TrimSpace(object[1 : len(object)-1])
	b := append([]byte{'{'}, inside...)
	if len(inside) > 0 {
		b = append(b, ',')
	}
	b = appendText(b, key)
	b = append(b, ':')
	b = append(b, value...)
	return append(b, '}')
}

func appendText(b []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil {
		panic("bug: a string that is not JSON: " + err.Error())
	}
	return append(b, quoted...)
}

// text decodes a JSON string. It reports false for any other JSON value.
func text(value []byte) (string, bool) {
	if len(value) < 2 || value[0] != '"' {
		return "", false
	}
	if inside := value[1 : len(value)-1]; bytes.IndexByte(inside, '\\') < 0 && utf8.Valid(inside) {
		return string(inside), true
	}
	var s string
	err := json.Unmarshal(value, &s)
	return s, err == nil
}
