package maelstrom

import "strconv"

// Maelstrom's error codes.
const (
	CodeTimeout                = 0  // the operation may have happened
	CodeNodeNotFound           = 1  // no such node, or no channel to it
	CodeNotSupported           = 10 // no such request
	CodeTemporarilyUnavailable = 11 // the same request may succeed later
	CodeMalformedRequest       = 12
	CodeCrash                  = 13 // the operation may have happened
	CodeAbort                  = 14 // the operation did not happen
	CodeKeyDoesNotExist        = 20
	CodeKeyAlreadyExists       = 21
	CodePreconditionFailed     = 22
	CodeTxnConflict            = 30
)

// ErrorBody returns the body of an error reply, without in_reply_to.
func ErrorBody(code int, words string) []byte {
	b := append([]byte(`{"type":"error","code":`), strconv.Itoa(code)...)
	b = append(b, `,"text":`...)
	b = appendText(b, words)
	return append(b, '}')
}
