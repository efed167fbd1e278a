package core

import (
	"encoding/json"
	"strings"
	"time"

	"chandy/wire"
)

func (s *session) write(r wire.Reply) {
	if _, open := s.core.conns[s.conn]; open {
		s.core.write(s.conn, r)
	}
}

// fail ends a request with an error reply. It cuts the text, which may quote the
// client's request.
func (s *session) fail(number uint64, code, text string) {
	s.finish(wire.Reply{Number: number, Kind: wire.KindError, Body: mustJSON(wire.ErrorReply{Code: code, Text: cut(text, wire.TextMax)})})
}

// finish writes the last reply to a request.
func (s *session) finish(r wire.Reply) {
	s.write(r)
	s.open--
	s.watch()
}

// cut returns at most the first bytes of a text.
func cut(text string, bytes int) string {
	if len(text) <= bytes {
		return text
	}
	return strings.ToValidUTF8(text[:bytes], "")
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("bug: " + err.Error())
	}
	return b
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
