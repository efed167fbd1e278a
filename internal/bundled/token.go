package bundled

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"chandy/internal/config"
	"chandy/program"
	"chandy/snapshot"
)

// tokenSettings are the keys of [program] for kind "token".
type tokenSettings struct {
	// Holder is the id of the process that has the token at the start.
	Holder string `toml:"holder"`
	// Hold is how long a process keeps the token; 0: not at all.
	Hold time.Duration `toml:"hold" default:"5ms" min:"0s" max:"1h"`
}

// token passes one token round: each process to the next of its outgoing channels
// in the order of the ids, after its own id and then from the beginning. In every
// consistent cut the token is at exactly one place, a process or a channel, if the
// channels make a ring.
type token struct {
	settings tokenSettings
	process  program.Process
	next     snapshot.ProcessID // empty: the token stays
	state    tokenState
	restored bool
}

// tokenState is the local state.
type tokenState struct {
	Tokens int   `json:"tokens"` // 0 or 1
	Passed int64 `json:"passed"` // how often it was passed on from here
}

type tokenReply struct {
	head
	tokenState
}

func newToken(p config.Program, processes []snapshot.ProcessID) (program.Program, error) {
	t := &token{}
	if err := p.Decode(&t.settings); err != nil {
		return nil, err
	}
	if t.settings.Holder == "" {
		return nil, errors.New(`holder: is missing: the id of the process that has the token at the start`)
	}
	if !slices.Contains(processes, snapshot.ProcessID(t.settings.Holder)) {
		return nil, fmt.Errorf("holder: there is no process %.128q", t.settings.Holder)
	}
	return t, nil
}

func (t *token) Start(p program.Process) {
	t.process = p
	channels := p.Channels()
	for _, id := range channels {
		if id > p.ID() {
			t.next = id
			break
		}
	}
	if t.next == "" && len(channels) > 0 {
		t.next = channels[0]
	}
	if !t.restored && string(p.ID()) == t.settings.Holder {
		t.state.Tokens = 1
	}
	if t.state.Tokens > 0 {
		p.After(t.settings.Hold, t.pass)
	}
}

// pass sends the token on.
func (t *token) pass() {
	if t.next != "" && send(t.process, t.next, map[string]string{"type": "token"}) {
		t.state.Tokens--
		t.state.Passed++
	}
}

func (t *token) Receive(from snapshot.ProcessID, payload []byte) {
	if from.IsClient() {
		answer(t.process, from, payload, t.grant)
		return
	}
	var m struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(payload, &m); err != nil || m.Type != "token" {
		t.process.Log().Error().Str("peer", string(from)).Bytes("payload", payload[:min(len(payload), 128)]).Msg("a message that is no token, dropped")
		return
	}
	t.state.Tokens++
	t.process.After(t.settings.Hold, t.pass)
}

// grant does what a client asks for.
func (t *token) grant(kind string, _ []byte) (reply, *refusal) {
	if kind != "tokens" {
		return nil, refuse(codeNotSupported, "unknown request %.128q: there is tokens", kind)
	}
	return &tokenReply{tokenState: t.state}, nil
}

func (t *token) Capture(done func(program.State)) {
	done(program.State{Bytes: mustMarshal(t.state)})
}

// Restore implements [program.Program].
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
