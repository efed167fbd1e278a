package netnode

import (
	"sync"
	"time"
)

// mailbox is what the goroutines of a node hand to its loop.
type mailbox struct {
	mu     sync.Mutex
	events []Event
	closed bool
	wake   chan struct{}
}

func (m *mailbox) init() { m.wake = make(chan struct{}, 1) }

// post hands over an event; after close it is dropped.
func (m *mailbox) post(e Event) {
	m.mu.Lock()
	if !m.closed {
		m.events = append(m.events, e)
	}
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// take gives what has been posted, for an empty slice to use next time.
func (m *mailbox) take(used []Event) []Event {
	clear(used)
	m.mu.Lock()
	defer m.mu.Unlock()
	events := m.events
	m.events = used[:0]
	return events
}

// wait gives what has been posted, once there is something or time is up.
func (m *mailbox) wait(used []Event, timeUp <-chan time.Time) []Event {
	select {
	case <-m.wake:
	case <-timeUp:
	}
	return m.take(used)
}

func (m *mailbox) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.events = true, nil
}
