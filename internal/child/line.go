package child

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"chandy/snapshot"
)

// Line is one message of the protocol, {"src":…,"dest":…,"body":{…}}. Its slices
// lie in what was parsed.
type Line struct {
	// Src is what the line says of its sender: it is not to be trusted. It is empty
	// if there is none, or none that is a string.
	Src snapshot.ProcessID
	// Dest is never empty after Parse.
	Dest snapshot.ProcessID
	// Body is a JSON object, as it was written.
	Body []byte
	// Type is that of the body; empty if it has none.
	Type string
	// MsgID and InReplyTo are JSON texts, such as 7 or "a7", to be compared as
	// bytes. They are nil where there is none, which programs also write as null, 0
	// or -1.
	MsgID, InReplyTo []byte
}

// Codes of Maelstrom for the body of an error.
const (
	CodeTimeout                = 0  // it may have happened
	CodeNodeNotFound           = 1  // there is no such node, or no channel to it
	CodeNotSupported           = 10 // there is no such request
	CodeTemporarilyUnavailable = 11 // perhaps later
	CodeMalformedRequest       = 12
	CodeCrash                  = 13 // it may have happened
	CodeAbort                  = 14 // it did not happen
	CodeKeyDoesNotExist        = 20
	CodeKeyAlreadyExists       = 21
	CodePreconditionFailed     = 22
	CodeTxnConflict            = 30
)

// ErrNotJSON is the error of a line that is no JSON object.
var ErrNotJSON = errors.New("no JSON object")

// errEnvelope is that of a line that is one, but no message.
var errEnvelope = errors.New("no message")

// Parse reads a line, without its line end. Keys count as they are written,
// capitals and all, and of two equal ones the last counts. The error is ErrNotJSON
// if the line is no JSON object; else it says what a message needs.
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
		return l, fmt.Errorf(`%w: it has no "dest" that is a string`, errEnvelope)
	}
	l.Dest = snapshot.ProcessID(to)
	if !isObject(l.Body) {
		return l, fmt.Errorf(`%w: it has no "body" that is an object`, errEnvelope)
	}
	l.readBody()
	return l, nil
}

// ParseBody is the message that has a body only, such as a client sends. The error
// is ErrNotJSON.
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

// id is a message id as JSON text, nil if it means none.
func id(value []byte) []byte {
	switch string(value) {
	case "null", "0", "-1":
		return nil
	}
	return value
}

// Member gives the value of one key of the body, as JSON text; nil if there is
// none.
func (l Line) Member(name string) []byte {
	var found []byte
	for key, value := range members(l.Body) {
		if string(key) == name {
			found = value
		}
	}
	return found
}

// Reply is the line, without its line end, that answers this one: from the process
// from to who is named as its source. The body is a JSON object without
// in_reply_to, which it gets if this line has a msg_id.
func (l Line) Reply(from snapshot.ProcessID, body []byte) []byte {
	return AppendLine(nil, from, l.Src, l.ReplyBody(body))
}

// ReplyBody is the body of the answer to this line.
func (l Line) ReplyBody(body []byte) []byte {
	if l.MsgID == nil {
		return body
	}
	return with(body, "in_reply_to", l.MsgID)
}

// AppendLine appends a message, without a line end. The body is a JSON object.
func AppendLine(b []byte, src, dest snapshot.ProcessID, body []byte) []byte {
	b = append(b, `{"src":`...)
	b = appendText(b, string(src))
	b = append(b, `,"dest":`...)
	b = appendText(b, string(dest))
	b = append(b, `,"body":`...)
	b = append(b, body...)
	return append(b, '}')
}

// ErrorBody is the body of a refusal, without in_reply_to.
func ErrorBody(code int, words string) []byte {
	b := append([]byte(`{"type":"error","code":`), strconv.Itoa(code)...)
	b = append(b, `,"text":`...)
	b = appendText(b, words)
	return append(b, '}')
}

// with is a JSON object with one more member, at its end.
func with(object []byte, key string, value []byte) []byte {
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
		panic("bug: a string that is no JSON: " + err.Error())
	}
	return append(b, quoted...)
}

// text is the value of a JSON string.
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
