package bundled

import (
	"encoding/json"
	"fmt"

	"chandy/internal/config"
	"chandy/internal/maelstrom"
	"chandy/program"
	"chandy/snapshot"
)

// tso is Maelstrom's timestamp oracle. It counts, and never returns a number twice.
type tso struct {
	service
	state tsoState
}

// tsoState is the local state. Invariant: 0 <= Next <= tsMax.
type tsoState struct {
	Next int64 `json:"next"` // the next timestamp
}

// tsMax is above every timestamp, so that every reader of JSON can hold one. At a million
// timestamps a second it is reached after 285 years.
const tsMax = 1<<53 - 1

func newTSO(p config.Program, processes []snapshot.ProcessID) (program.Program, error) {
	t := &tso{service: service{all: processes}}
	t.requests = table{{"ts", t.ts}}
	if err := p.Decode(&struct{}{}); err != nil {
		return nil, err
	}
	return t, nil
}

func (t *tso) ts(b []byte, _ maelstrom.Line) ([]byte, *refusal) {
	if t.state.Next == tsMax {
		return nil, refuse(maelstrom.CodeTemporarilyUnavailable, "there are no more timestamps")
	}
	t.state.Next++
	return fmt.Appendf(b, `,"ts":%d`, t.state.Next-1), nil
}

func (t *tso) Capture(done func(program.State)) {
	done(t.captured(mustMarshal(t.state), true))
}

func (t *tso) Restore(state []byte, done func(error)) { done(t.restore(state)) }

func (t *tso) restore(state []byte) error {
	restored := tsoState{Next: -1}
	if err := json.Unmarshal(state, &restored); err != nil {
		return fmt.Errorf("state of a timestamp oracle: %w", err)
	}
	if restored.Next < 0 || restored.Next > tsMax {
		return fmt.Errorf("state of a timestamp oracle without its next timestamp, from 0 to %d: %.128q", int64(tsMax), state)
	}
	t.state = restored
	return nil
}
