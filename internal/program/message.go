package program

import (
	"encoding/json"

	"chandy/netnode"
	"chandy/snapshot"
)

// Codes of errors, those of Maelstrom (jepsen-io/maelstrom, doc/protocol.md).
const (
	codeNotSupported       = 10
	codeMalformedRequest   = 12
	codePreconditionFailed = 22
)

// failure is the body of a refusal.
type failure struct {
	Type string `json:"type"` // "error"
	Code int    `json:"code"`
	Text string `json:"text"`
}

func refusal(code int, text string) failure { return failure{"error", code, text} }

// send sends a message as JSON. The receiver is known to be there: an error is
// logged and the message is lost, as one to nobody is.
func send(p netnode.Process, to snapshot.ProcessID, message any) bool {
	b, err := json.Marshal(message)
	if err == nil {
		err = p.Send(to, b)
	}
	if err != nil {
		log := p.Log()
		log.Error().Err(err).Msg("message not sent")
	}
	return err == nil
}
