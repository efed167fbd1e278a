package netnode

import (
	"sync"
	"time"
)

// alarm calls a function, on a goroutine of its own, when the time is up that it was
// last set to. It may call it for the time before that too.
type alarm interface {
	set(after time.Duration)
	// close ends the goroutine, soon.
	close()
}

// timerAlarm is a timer of Go's, which needs nothing of the system.
type timerAlarm struct {
	timer  *time.Timer
	closed chan struct{}
	once   sync.Once
}

func newTimerAlarm(work *sync.WaitGroup, f func()) alarm {
	a := &timerAlarm{timer: time.NewTimer(never), closed: make(chan struct{})}
	work.Go(func() {
		for {
			select {
			case <-a.timer.C:
				f()
			case <-a.closed:
				return
			}
		}
	})
	return a
}

func (a *timerAlarm) set(after time.Duration) { a.timer.Reset(max(after, 0)) }

func (a *timerAlarm) close() {
	a.timer.Stop()
	a.once.Do(func() { close(a.closed) })
}
