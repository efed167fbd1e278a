package bundled

import "time"

// pace is a rate limiter for events such as transfers. Its owner sets a timer for wait,
// then asks due how many events are due, and does them. Timers fire late, so due counts
// by the time that has passed and not by the calls.
type pace struct {
	rate float64       // events per second, above 0
	last time.Duration // time of the last call of due
	owed float64       // events due at that time and not done, at most those of paceMadeUp
}

const (
	// paceMin is the least time between two ticks while no event is owed. At a high rate
	// one tick does several events.
	paceMin = time.Millisecond
	// paceMax is the greatest time between two ticks. At a low rate some ticks do
	// nothing.
	paceMax = time.Hour
	// paceOwing is the time to the next tick while events are owed.
	paceOwing = 100 * time.Microsecond
	// paceBatch is the most events of one tick, so that a tick is short.
	paceBatch = 256
	// paceMadeUp is how much lost time is made up for. Time beyond it stays lost, after a
	// long capture or because the machine cannot keep up with the rate.
	paceMadeUp = time.Second
)

// due returns how many events are due now, and counts them as done. The time now must
// not be before the time of the last call.
func (p *pace) due(now time.Duration) int {
	p.owed += p.rate * (now - p.last).Seconds()
	p.owed = min(p.owed, 1+p.rate*paceMadeUp.Seconds())
	p.last = now
	n := min(int(p.owed), paceBatch)
	p.owed -= float64(n)
	return n
}

// wait returns how long after the last call of due the next is to come.
func (p *pace) wait() time.Duration {
	if p.owed >= 1 {
		return paceOwing
	}
	seconds := (1 - p.owed) / p.rate
	if seconds > paceMax.Seconds() { // perhaps more than a Duration can hold
		return paceMax
	}
	return max(paceMin, time.Duration(seconds*float64(time.Second))+1)
}
