package netnode

import (
	"testing"
	"time"

	"chandy/internal/cert"
)

// In the last week of a certificate, and after its end, one warning a day is due.
func TestOneWarningADayIsDue(t *testing.T) {
	begun := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	ends := begun.Add(cert.WarnBefore)
	var w endWarning
	for _, test := range []struct {
		at   time.Duration
		want bool
	}{{0, false}, {1, true}, {time.Hour, false}, {warnAgain, false}, {warnAgain + 1, true}, {10 * warnAgain, true}, {10*warnAgain + 1, false}} {
		if got := w.due(begun.Add(test.at), ends); got != test.want {
			t.Errorf("after %v: got due %t, want %t", test.at, got, test.want)
		}
	}
}
