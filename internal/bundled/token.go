package bundled

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"chandy/internal/config"
	"chandy/internal/maelstrom"
	"chandy/program"
	"chandy/snapshot"
)

// tokenSettings are the keys of [program] for kind "token".
type tokenSettings struct {
	// Holder is the id of the process that has the token at the start. Required.
	Holder string `toml:"holder"`
	// Hold is how long a process keeps the token. Zero means that it passes it on at once.
	Hold time.Duration `toml:"hold" default:"5ms" min:"0s" max:"1h"`
}

// token passes one token round. Each process passes it to the process with the next
// larger id to which it has a channel, or to the smallest if there is no larger one. If
// these channels form a ring, every consistent cut has the token at exactly one place, a
// process or a channel.
type token struct {
	base
	settings tokenSettings
	next     snapshot.ProcessID // receiver of the token; empty if there is no channel
	state    tokenState
	restored bool // the state is from Restore
}

// tokenState is the local state.
type tokenState struct {
	Tokens int   `json:"tokens"` // 0 or 1
	Passed int64 `json:"passed"` // how often this process has passed it on
}

func newToken(p config.Program, processes []snapshot.ProcessID) (program.Program, error) {
	t := &token{}
	t.requests = table{{"tokens", t.tokens}}
	if err := p.Decode(&t.settings); err != nil {
		return nil, err
	}
	return t, named("holder", t.settings.Holder, "has the token at the start", processes)
}

func (t *token) Start(p program.Process) {
	t.base.Start(p)
	for _, id := range t.channels {
		if id > p.ID() {
			t.next = id
			break
		}
	}
	if t.next == "" && len(t.channels) > 0 {
		t.next = t.channels[0]
	}
	if !t.restored && string(p.ID()) == t.settings.Holder {
		t.state.Tokens = 1
	}
	if t.state.Tokens > 0 {
		p.After(t.settings.Hold, t.pass)
	}
}

// pass sends the token to the next process.
func (t *token) pass() {
	if t.next != "" && t.send(t.next, map[string]string{"type": "token"}) {
		t.state.Tokens--
		t.state.Passed++
	}
}

func (t *token) Receive(from snapshot.ProcessID, payload []byte) {
	if from.IsClient() {
		t.answerClient(from, payload)
		return
	}
	var m struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(payload, &m); err != nil || m.Type != "token" {
		t.drop(from, payload, errors.New("not a token"))
		return
	}
	t.state.Tokens++
	t.process.After(t.settings.Hold, t.pass)
}

func (t *token) tokens(b []byte, _ maelstrom.Line) ([]byte, *refusal) {
	return fmt.Appendf(b, `,"tokens":%d,"passed":%d`, t.state.Tokens, t.state.Passed), nil
}

func (t *token) Capture(done func(program.State)) {
	done(t.captured(mustMarshal(t.state), t.state.Tokens == 0 || t.next == ""))
}

func (t *token) Restore(state []byte, done func(error)) { done(t.restore(state)) }

func (t *token) restore(state []byte) error {
	restored := tokenState{Tokens: -1}
	if err := json.Unmarshal(state, &restored); err != nil {
		return fmt.Errorf("state of a token ring: %w", err)
	}
	if restored.Tokens < 0 {
		return fmt.Errorf("state of a token ring without its number of tokens: %.128q", state)
	}
	t.state, t.restored = restored, true
	return nil
}
