package bundled

import "time"

// pace is a rate limiter: due returns how many events are due. It counts by the time
// that has passed. Its own ticks come late, and counting them would drift.
type pace struct {
	rate float64       // per second, above 0
	last time.Duration // when due was called
	owed float64       // due at last and not done; no more than what is made up for
}

const (
	// paceMin is the shortest time between two ticks as long as nothing is owed: at
	// a high rate a tick stands for several.
	paceMin = time.Millisecond
	// paceMax is the longest time between two ticks. At a low rate some ticks do
	// nothing.
	paceMax = time.Hour
	// paceOwing is the time to the next tick while something is owed.
	paceOwing = 100 * time.Microsecond
	// paceBatch is the most that one tick stands for, so that it is short.
	paceBatch = 256
	// paceMadeUp is how much lost time is made up for. What was lost beyond it, in a
	// long capture or because the rate is more than the machine can do, stays lost.
	paceMadeUp = time.Second
)

// due returns how many events are due now, and counts them as done. Now must not be
// before that of the last call.
func (p *pace) due(now time.Duration) int {
	p.owed += p.rate * (now - p.last).Seconds()
	p.owed = min(p.owed, 1+p.rate*paceMadeUp.Seconds())
	p.last = now
	n := min(int(p.owed), paceBatch)
	p.owed -= float64(n)
	return n
}

// wait returns the time from the last call of due to the next.
func (p *pace) wait() time.Duration {
	if p.owed >= 1 {
		return paceOwing
	}
	seconds := (1 - p.owed) / p.rate
	if seconds > paceMax.Seconds() { // more than a Duration can hold, perhaps
		return paceMax
	}
	return max(paceMin, time.Duration(seconds*float64(time.Second))+1)
}
