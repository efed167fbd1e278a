package core

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"chandy/program"
	"chandy/wire"
)

// TestStateIsEncodedOnceForAllSnapshots takes two snapshots that share a recording.
func TestStateIsEncodedOnceForAllSnapshots(t *testing.T) {
	for _, fault := range []error{nil, errors.New("too large")} {
		c, p := started(t)
		p.silent = true
		control(c, 0, wire.InitiateRequest{TimeoutMS: 1000})
		control(c, 0, wire.InitiateRequest{TimeoutMS: 1000})
		calls := 0
		encode := func(w io.Writer) error {
			calls++
			for _, part := range []string{`"first `, `second"`} {
				if _, err := io.WriteString(w, part); err != nil {
					return err
				}
			}
			return fault
		}
		carriedOut(c, 1, c.Step(1, []Event{Called{func() { p.done(program.State{Encode: encode}) }}}))
		var text strings.Builder
		for _, r := range carriedOut(c, 2*time.Second, c.Step(2*time.Second, nil)) {
			text.Write(r.Body)
		}
		want := `"state": "first second"`
		if fault != nil {
			want = `"state_error": "too large"`
		}
		if got := strings.Count(text.String(), want); got != 2 || calls != 1 {
			t.Errorf("error %v: got %s in %d snapshots and %d calls, want it in 2 and 1 call\n%s", fault, want, got, calls, text.String())
		}
	}
}
