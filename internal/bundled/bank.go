package bundled

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"chandy/internal/config"
	"chandy/internal/maelstrom"
	"chandy/program"
	"chandy/snapshot"
)

// bankSettings are the keys of [program] for kind "bank". A balance is at most 2^43 at
// the start. The sum over the 1,024 processes that a cluster can have is then at most
// 2^53, which every reader of JSON can hold, and no balance overflows.
type bankSettings struct {
	// Balance is the balance at the start, in units of money.
	Balance int64 `toml:"balance" default:"1000" min:"0" max:"8796093022208"`
	// TransfersPerSecond is how many transfers each process sends. Zero means none.
	TransfersPerSecond float64 `toml:"transfers_per_second" default:"10" min:"0" max:"1000000"`
	// MaxTransfer is the largest amount of a transfer, in units of money. Never zero.
	MaxTransfer int64 `toml:"max_transfer" default:"10" min:"1" max:"8796093022208"`
	// Seed seeds the random choices. Zero means that the node's source is used.
	Seed int64 `toml:"seed" default:"0"`
}

// bank keeps an account, and sends money to other banks at random. It never sends more
// than it has. The sum of all balances and all transfers in flight is therefore constant.
type bank struct {
	base
	settings bankSettings
	random   *rand.Rand
	pace     pace
	state    bankState
}

// bankState is the local state. Invariant: Balance >= 0.
type bankState struct {
	Balance  int64 `json:"balance"`
	Sent     int64 `json:"sent"`             // transfers sent so far
	Received int64 `json:"received"`         // transfers received so far
	Paused   bool  `json:"paused,omitempty"` // sends only what clients request
}

// transfer is the only message between banks. Once it is sent, its money belongs to the
// receiver.
type transfer struct {
	Type   string `json:"type"` // "transfer"
	Amount int64  `json:"amount"`
}

func newBank(p config.Program) (program.Program, error) {
	b := &bank{}
	b.requests = table{{"balance", b.balance}, {"transfer", b.transfer}, {"pause", b.pause(true)}, {"resume", b.pause(false)}}
	if err := p.Decode(&b.settings); err != nil {
		return nil, err
	}
	b.state.Balance = b.settings.Balance
	return b, nil
}

func (b *bank) Start(p program.Process) {
	b.base.Start(p)
	b.random = source(p, b.settings.Seed)
	if b.settings.TransfersPerSecond > 0 && len(b.channels) > 0 {
		b.pace = pace{rate: b.settings.TransfersPerSecond, last: p.Now()}
		p.After(b.pace.wait(), b.tick)
	}
}

// tick sends the transfers that are due.
func (b *bank) tick() {
	for range b.pace.due(b.process.Now()) {
		if b.state.Paused || b.state.Balance == 0 {
			continue // skipped transfers are lost, not caught up
		}
		amount := 1 + b.random.Int64N(min(b.settings.MaxTransfer, b.state.Balance))
		b.pay(b.channels[b.random.IntN(len(b.channels))], amount)
	}
	b.process.After(b.pace.wait(), b.tick)
}

// pay sends money, at most the balance, and reports whether it was sent. Money that was
// not sent stays in the balance.
func (b *bank) pay(to snapshot.ProcessID, amount int64) bool {
	if !b.send(to, transfer{"transfer", amount}) {
		return false
	}
	b.state.Balance -= amount
	b.state.Sent++
	return true
}

func (b *bank) Receive(from snapshot.ProcessID, payload []byte) {
	if from.IsClient() {
		b.answerClient(from, payload)
		return
	}
	var t transfer
	if err := json.Unmarshal(payload, &t); err != nil || t.Type != "transfer" || t.Amount <= 0 || t.Amount > math.MaxInt64-b.state.Balance {
		b.drop(from, payload, errors.New("not a transfer"))
		return
	}
	b.state.Balance += t.Amount
	b.state.Received++
}

// balance grants the request "balance". The other requests are answered like it.
func (b *bank) balance(body []byte, _ maelstrom.Line) ([]byte, *refusal) {
	return fmt.Appendf(body, `,"balance":%d`, b.state.Balance), nil
}

// pause returns the handler of "pause" or, if paused is false, of "resume".
func (b *bank) pause(paused bool) handler {
	return func(body []byte, l maelstrom.Line) ([]byte, *refusal) {
		b.state.Paused = paused
		return b.balance(body, l)
	}
}

func (b *bank) transfer(body []byte, l maelstrom.Line) ([]byte, *refusal) {
	var ask struct {
		To     *snapshot.ProcessID `json:"to"`
		Amount int64               `json:"amount"`
	}
	if err := json.Unmarshal(l.Body, &ask); err != nil {
		return nil, malformed(err)
	}
	switch {
	case ask.To == nil || ask.Amount <= 0:
		return nil, refuse(maelstrom.CodeMalformedRequest, `a transfer needs "to" and an "amount" above 0`)
	case !slices.Contains(b.channels, *ask.To): // not to a client, with which the money would vanish
		return nil, refuse(maelstrom.CodePreconditionFailed, "no channel to %.128q: there are %v", *ask.To, b.channels)
	case ask.Amount > b.state.Balance:
		return nil, refuse(maelstrom.CodePreconditionFailed, "the balance is %d, less than %d", b.state.Balance, ask.Amount)
	case !b.pay(*ask.To, ask.Amount):
		return nil, refuse(maelstrom.CodeTemporarilyUnavailable, "the transfer could not be sent")
	}
	return b.balance(body, l)
}

func (b *bank) Capture(done func(program.State)) {
	idle := b.state.Paused || b.state.Balance == 0 || b.settings.TransfersPerSecond == 0 || len(b.channels) == 0
	done(b.captured(mustMarshal(b.state), idle))
}

func (b *bank) Restore(state []byte, done func(error)) { done(b.restore(state)) }

func (b *bank) restore(state []byte) error {
	restored := bankState{Balance: -1}
	if err := json.Unmarshal(state, &restored); err != nil {
		return fmt.Errorf("state of a bank: %w", err)
	}
	if restored.Balance < 0 {
		return fmt.Errorf("state of a bank without a balance of at least 0: %.128q", state)
	}
	b.state = restored
	return nil
}
