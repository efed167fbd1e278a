package bundled

import (
	"encoding/json"
	"errors"
	"fmt"

	"chandy/internal/maelstrom"
	"chandy/program"
	"chandy/snapshot"
)

// A request of a client, the reply to it and a refusal are JSON objects with the
// keys and the codes of Maelstrom (jepsen-io/maelstrom, doc/protocol.md), the same
// for every program: a request {"type": "balance", "msg_id": 7} is answered
// {"type": "balance_ok", "in_reply_to": 7, …}, or refused {"type": "error",
// "in_reply_to": 7, "code": 22, "text": "…"}. Without a msg_id there is no
// in_reply_to.

// Codes of refusals. Each of them says that nothing was done.
const (
	codeNotSupported           = maelstrom.CodeNotSupported           // there is no such request
	codeTemporarilyUnavailable = maelstrom.CodeTemporarilyUnavailable // perhaps later
	codeMalformedRequest       = maelstrom.CodeMalformedRequest
	codeKeyDoesNotExist        = maelstrom.CodeKeyDoesNotExist
	codePreconditionFailed     = maelstrom.CodePreconditionFailed // not in this state of the program
)

// head is what every reply begins with.
type head struct {
	Type      string `json:"type"`
	InReplyTo *int64 `json:"in_reply_to,omitempty"`
}

func (h *head) setHead(with head) { *h = with }

// reply is a struct that embeds head.
type reply interface{ setHead(head) }

// refusal is the reply to a request that is not granted.
type refusal struct {
	head
	Code int    `json:"code"`
	Text string `json:"text"`
}

func refuse(code int, format string, a ...any) *refusal {
	return &refusal{Code: code, Text: fmt.Sprintf(format, a...)}
}

// body is that of the reply, without in_reply_to.
func (r *refusal) body() []byte { return maelstrom.ErrorBody(r.Code, r.Text) }

// answer replies to the request of a client. grant does what the type of the
// request asks for, or refuses and does nothing; it need not fill in the head.
func answer(p program.Process, client snapshot.ProcessID, request []byte, grant func(kind string, request []byte) (reply, *refusal)) {
	kind, id, refused := ask(request)
	var granted reply
	if refused == nil {
		granted, refused = grant(kind, request)
	}
	kind += "_ok"
	if refused != nil {
		granted, kind = refused, "error"
	}
	granted.setHead(head{kind, id})
	send(p, client, granted)
}

// ask reads the keys that every request has. One that is refused may have an id.
func ask(request []byte) (kind string, id *int64, refused *refusal) {
	var typed struct {
		Type string `json:"type"`
	}
	var numbered struct {
		MsgID *int64 `json:"msg_id"`
	}
	err := json.Unmarshal(request, &typed)
	if wrong := json.Unmarshal(request, &numbered); wrong != nil {
		numbered.MsgID = nil // it may be there without a value
		err = wrong
	}
	switch {
	case err != nil:
		refused = malformed(err)
	case typed.Type == "":
		refused = refuse(codeMalformedRequest, `a request is a JSON object with a "type"`)
	}
	return typed.Type, numbered.MsgID, refused
}

// malformed refuses what json.Unmarshal did not take, in a client's words.
func malformed(err error) *refusal {
	var wrong *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &wrong):
		return refuse(codeMalformedRequest, "the request is not JSON: %v", err)
	case wrong.Field == "":
		return refuse(codeMalformedRequest, `a request is a JSON object with a "type", not a JSON %s`, wrong.Value)
	}
	return refuse(codeMalformedRequest, "%q of the request cannot be a JSON %s", wrong.Field, wrong.Value)
}

// send sends a message as JSON and tells whether it was sent. The receiver is
// known to be there: an error is a fault of the program, and logged.
func send(p program.Process, to snapshot.ProcessID, message any) bool {
	err := p.Send(to, mustMarshal(message))
	if err != nil {
		p.Log().Error().Err(err).Msg("message not sent")
	}
	return err == nil
}

func mustMarshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("bug: " + err.Error())
	}
	return b
}
