package bundled

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"chandy/internal/maelstrom"
)

// A request, its reply and its refusal are JSON objects with the keys and the codes of
// Maelstrom (jepsen-io/maelstrom, doc/protocol.md). The request
//
//	{"type": "balance", "msg_id": 7}
//
// is answered {"type": "balance_ok", "in_reply_to": 7, "balance": 1000}, or refused
// {"type": "error", "in_reply_to": 7, "code": 22, "text": "…"}. A request without a
// msg_id gets a reply without in_reply_to.

// table lists the requests that a program grants, in the order in which the refusal of
// an unknown request lists them.
type table []struct {
	kind  string // "type" of the request
	grant handler
}

// handler grants a request. It appends the members of the reply to b, except "type" and
// "in_reply_to", each with a comma before it. Instead it may refuse, and must then have
// changed nothing. It must copy what it keeps of the request.
type handler func(b []byte, l maelstrom.Line) ([]byte, *refusal)

// refusal is the reason why a request is not granted, with a code of Maelstrom. Every
// refusal of a bundled program says that nothing was done.
type refusal struct {
	Code int
	Text string
}

func refuse(code int, format string, a ...any) *refusal {
	return &refusal{code, fmt.Sprintf(format, a...)}
}

// errNoType refuses a request that is not an object with a type.
var errNoType = refuse(maelstrom.CodeMalformedRequest, `a request is a JSON object with a "type"`)

// grant grants or refuses a request. It returns the body of the reply, without
// in_reply_to.
func (t table) grant(l maelstrom.Line) ([]byte, *refusal) {
	for _, r := range t {
		if r.kind == l.Type {
			body, refused := r.grant(fmt.Appendf(nil, `{"type":"%s_ok"`, l.Type), l)
			return append(body, '}'), refused
		}
	}
	return nil, refuse(maelstrom.CodeNotSupported, "unknown request %.128q: there %s", l.Type, t)
}

// String lists the requests as the end of a sentence: "are read, write and cas".
func (t table) String() string {
	var kinds []string
	for _, r := range t {
		kinds = append(kinds, r.kind)
	}
	last := len(kinds) - 1
	if last == 0 {
		return "is " + kinds[0]
	}
	return "are " + strings.Join(kinds[:last], ", ") + " and " + kinds[last]
}

// decodeRequest decodes the members that every request to bank or token has. A request
// that is refused may have an id, too.
func decodeRequest(request []byte) (maelstrom.Line, *refusal) {
	var typed struct {
		Type string `json:"type"`
	}
	var numbered struct {
		MsgID *int64 `json:"msg_id"`
	}
	err := json.Unmarshal(request, &typed)
	l := maelstrom.Line{Type: typed.Type, Body: request}
	if wrong := json.Unmarshal(request, &numbered); wrong != nil {
		err = wrong // MsgID may be non-nil, but has no value
	} else if numbered.MsgID != nil {
		l.MsgID = strconv.AppendInt(nil, *numbered.MsgID, 10)
	}
	switch {
	case err != nil:
		return l, malformed(err)
	case l.Type == "":
		return l, errNoType
	}
	return l, nil
}

// malformed refuses a request that json.Unmarshal could not decode.
func malformed(err error) *refusal {
	var wrong *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &wrong):
		return refuse(maelstrom.CodeMalformedRequest, "the request is not JSON: %v", err)
	case wrong.Field == "":
		return refuse(maelstrom.CodeMalformedRequest, "%s, not a JSON %s", errNoType.Text, wrong.Value)
	}
	return refuse(maelstrom.CodeMalformedRequest, "%q of the request cannot be a JSON %s", wrong.Field, wrong.Value)
}
