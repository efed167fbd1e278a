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
		script string
		reason error
		want   string
	}{
		{"exit 0", nil, "child exited: exit status 0; last line on stderr: bye"},
		{"exit 4", nil, "child exited: exit status 4; last line on stderr: bye"},
		{"exit 0", closed, "the child closed its stdout; last line on stderr: bye"},
		{"exit 4", closed, "the child closed its stdout: exit status 4; last line on stderr: bye"},
		{"kill -TERM $$", closed, "the child closed its stdout; last line on stderr: bye"},
		{"kill -TERM $$", nil, "child exited: signal: terminated; last line on stderr: bye"},
	} {
		c := exec.Command("sh", "-c", test.script)
		c.Run()
		if got := (End{State: c.ProcessState, Reason: test.reason, Stderr: "bye"}).Err(); got.Error() != test.want {
			t.Errorf("%s, reason %v: got %q, want %q", test.script, test.reason, got, test.want)
		}
	}
}
