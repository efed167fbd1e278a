package core

import (
	"errors"
	"time"

	"chandy/wire"
)

// linkStats is the history of one half of a channel, for the status.
type linkStats struct {
	since      time.Duration // when the link last went up or down
	lastErr    error
	erred      time.Duration // when lastErr occurred
	ups        uint64
	violations uint64 // by the peer, each of which ended a connection
	resets     uint64
	discarded  uint64 // messages that this half threw away in resets
}

func (s *linkStats) wentUp(now time.Duration) {
	s.since = now
	s.ups++
}

// failed takes an error of the link, which was up until now if wasUp.
func (s *linkStats) failed(now time.Duration, wasUp bool, err error) {
	if wasUp {
		s.since = now
	}
	s.lastErr, s.erred = err, now
	if errors.Is(err, wire.ErrViolation) {
		s.violations++
	}
}

// reset counts a reset of the channel, in which this half discarded messages.
func (s *linkStats) reset(discarded uint64) {
	s.resets++
	s.discarded += discarded
}

func (s *linkStats) status(now time.Duration, up bool) wire.LinkStatus {
	l := wire.LinkStatus{
		Up: up, SinceMS: milliseconds(now - s.since), Reconnects: max(s.ups, 1) - 1,
		Violations: s.violations, Resets: s.resets, Discarded: s.discarded,
	}
	if s.lastErr != nil {
		l.Error, l.ErrorAgoMS = s.lastErr.Error(), milliseconds(now-s.erred)
	}
	return l
}
