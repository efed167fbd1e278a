package bundled

import (
	"encoding/json"
	"fmt"

	"chandy/internal/config"
	"chandy/internal/maelstrom"
	"chandy/program"
	"chandy/snapshot"
)

// tso is Maelstrom's timestamp oracle: it counts, and gives no number twice.
type tso struct {
	service
	state tsoState
}

// tsoState is the local state. Invariant: 0 <= Next <= tsMax.
type tsoState struct {
	Next int64 `json:"next"` // the next timestamp
}

// tsMax is what timestamps stay below: every reader of JSON holds them. At a million
// a second it is 285 years away.
const tsMax = 1<<53 - 1

func newTSO(p config.Program, processes []snapshot.ProcessID) (program.Program, error) {
	t := &tso{service: service{all: processes}}
	t.grant = t.ts
	if err := p.Decode(&struct{}{}); err != nil {
		return nil, err
	}
	return t, nil
}

func (t *tso) ts(l maelstrom.Line) ([]byte, *refusal) {
	switch {
	case l.Type != "ts":
		return nil, unknown(l, "is ts")
	case t.state.Next == tsMax:
		return nil, refuse(codeTemporarilyUnavailable, "there are no more timestamps")
	}
	t.state.Next++
	return fmt.Appendf(nil, `{"type":"ts_ok","ts":%d}`, t.state.Next-1), nil
}

func (t *tso) Capture(done func(program.State)) {
	done(program.State{Bytes: mustMarshal(t.state)})
}

// Restore implements [program.Program].
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
