package netnode

import "time"

// alarm calls a function, on a goroutine of its own, when the time is up that it was
// last set to. It may call it for the time before that too.
type alarm interface {
	set(after time.Duration)
	close()
}

// timerAlarm is a timer of Go's, which needs nothing of the system.
type timerAlarm struct{ *time.Timer }

func newTimerAlarm(f func()) alarm { return timerAlarm{time.AfterFunc(never, f)} }

func (a timerAlarm) set(after time.Duration) { a.Reset(after) }
func (a timerAlarm) close()                  { a.Stop() }
