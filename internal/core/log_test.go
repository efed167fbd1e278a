package core

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/rs/zerolog"

	"chandy/snapshot"
	"chandy/wire"
)

// The console format of zerolog prints a message as it is. So a message that repeats
// the words of a peer must be printable.
func TestLogMessageIsPrintable(t *testing.T) {
	const foreign, want = "a\x1b\n\u202e", `a\x1b\x0a\u202e`
	c, _ := started(t)
	var log bytes.Buffer
	c.log = zerolog.New(&log)
	c.epoch.logSnapshot(&taken{Global: &snapshot.Global{Missing: []snapshot.Missing{{Process: "p2", Reason: snapshot.Inconsistent, Detail: foreign}}}})
	hello := fromP2(c, -1, wire.RoleChannel, "i").(Accepted)
	hello.Hello.To = foreign
	c.Step(1, []Event{hello})
	lines := json.NewDecoder(&log)
	for _, want := range []string{
		"bug: the certificate does not hold: " + want,
		"snapshot taken",
		"connection refused: this is p1, not " + want + ": check the addresses in the cluster file",
	} {
		var line struct{ Message string }
		if err := lines.Decode(&line); err != nil || line.Message != want {
			t.Errorf("got the message %q and error %v, want %q", line.Message, err, want)
		}
	}
}
