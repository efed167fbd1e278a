package netnode

import (
	"sync"

	"chandy/internal/core"
)

// mailbox is what the goroutines of a node hand to its core.
type mailbox struct {
	bell chan struct{} // there is something for the loop to do

	mu     sync.Mutex // guards the rest
	events []core.Event
	closed bool
}

func (m *mailbox) init() { m.bell = make(chan struct{}, 1) }

// post hands over an event; after close it is dropped.
func (m *mailbox) post(e core.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.events = append(m.events, e)
	}
}

// ring wakes the loop.
func (m *mailbox) ring() {
	select {
	case m.bell <- struct{}{}:
	default:
	}
}

func (m *mailbox) waiting() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.events) > 0
}

// take gives what has been posted, for an empty slice to use next time.
func (m *mailbox) take(used []core.Event) []core.Event {
	clear(used)
	m.mu.Lock()
	defer m.mu.Unlock()
	events := m.events
	m.events = used[:0]
	return events
}

func (m *mailbox) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.events = true, nil
}
