package child

import (
	"errors"
	"os/exec"
	"testing"
)

// A child that closes its stdout and exits later than we wait for it has a status all
// the same, which says more than the reason.
func TestEndNamesReasonAndStatus(t *testing.T) {
	closed := errors.New("closed its stdout")
	for _, test := range []struct {
		script    string
		reason    error
		signalled bool
		want      string
	}{
		{"exit 0", nil, false, "child exited: exit status 0; last line on stderr: bye"},
		{"exit 4", nil, false, "child exited: exit status 4; last line on stderr: bye"},
		{"exit 0", closed, false, "the child closed its stdout; last line on stderr: bye"},
		{"exit 4", closed, false, "the child closed its stdout: exit status 4; last line on stderr: bye"},
		{"kill -KILL $$", closed, false, "the child closed its stdout: signal: killed; last line on stderr: bye"},
		{"kill -TERM $$", closed, true, "the child closed its stdout; last line on stderr: bye"},
		{"kill -TERM $$", nil, false, "child exited: signal: terminated; last line on stderr: bye"},
	} {
		c := exec.Command("sh", "-c", test.script)
		c.Run()
		if got := (End{State: c.ProcessState, Reason: test.reason, Signalled: test.signalled, Stderr: "bye"}).Err(); got.Error() != test.want {
			t.Errorf("%s, reason %v: got %q, want %q", test.script, test.reason, got, test.want)
		}
	}
}
