package program

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"chandy/internal/config"
	"chandy/netnode"
	"chandy/snapshot"
)

// bankSettings are the keys of [program] for kind "bank".
type bankSettings struct {
	// Balance is the money at the start, in units of money.
	Balance int64 `toml:"balance" default:"1000" min:"0" max:"9007199254740992"`
	// TransfersPerSecond is how many transfers each process sends; 0: none.
	TransfersPerSecond float64 `toml:"transfers_per_second" default:"10" min:"0" max:"1000000"`
	// MaxTransfer is the largest amount of a transfer, in units of money.
	MaxTransfer int64 `toml:"max_transfer" default:"10" min:"1" max:"9007199254740992"`
	// Seed is that of the random choices; 0: the node's own.
	Seed int64 `toml:"seed" default:"0"`
}

// bank keeps an account. It sends money to the others at random, never more than
// it has: the sum over all balances and all transfers in flight is constant.
type bank struct {
	settings bankSettings
	process  netnode.Process
	random   *rand.Rand
	state    bankState
	paused   bool
	due      time.Duration // of transfers that were not sent yet
}

type bankState struct {
	Balance  int64 `json:"balance"`
	Sent     int64 `json:"sent"`     // transfers
	Received int64 `json:"received"` // transfers
}

// bankMessage is a transfer, or a request of a client.
type bankMessage struct {
	Type   string              `json:"type"`
	Amount int64               `json:"amount"`
	To     *snapshot.ProcessID `json:"to,omitempty"` // of a request only
}

type bankReply struct {
	Type    string `json:"type"`
	Balance int64  `json:"balance"`
}

func newBank(p config.Program) (netnode.Program, error) {
	b := &bank{}
	if err := p.Decode(&b.settings); err != nil {
		return nil, err
	}
	b.state.Balance = b.settings.Balance
	return b, nil
}

func (b *bank) Start(p netnode.Process) {
	b.process = p
	b.random = p.Rand()
	if b.settings.Seed != 0 {
		id := fnv.New64a()
		id.Write([]byte(p.ID()))
		b.random = rand.New(rand.NewPCG(uint64(b.settings.Seed), id.Sum64()))
	}
	if b.settings.TransfersPerSecond > 0 && len(p.Channels()) > 0 {
		b.process.After(b.pause(), b.tick)
	}
}

// pause is the time between two ticks: that between two transfers, but not less
// than a millisecond, in which then several are sent.
func (b *bank) pause() time.Duration {
	return max(time.Millisecond, b.interval())
}

func (b *bank) interval() time.Duration {
	return time.Duration(float64(time.Second) / b.settings.TransfersPerSecond)
}

func (b *bank) tick() {
	pause := b.pause()
	b.process.After(pause, b.tick)
	if b.paused {
		return
	}
	for b.due += pause; b.due >= b.interval(); b.due -= b.interval() {
		if b.state.Balance > 0 {
			channels := b.process.Channels()
			amount := 1 + b.random.Int64N(min(b.settings.MaxTransfer, b.state.Balance))
			b.transfer(channels[b.random.IntN(len(channels))], amount)
		}
	}
}

// transfer sends money. The balance falls only if there is such a channel.
func (b *bank) transfer(to snapshot.ProcessID, amount int64) bool {
	if !send(b.process, to, bankMessage{Type: "transfer", Amount: amount}) {
		return false
	}
	b.state.Balance -= amount
	b.state.Sent++
	return true
}

func (b *bank) Receive(from snapshot.ProcessID, payload []byte) {
	var m bankMessage
	err := json.Unmarshal(payload, &m)
	if from.IsClient() {
		if err != nil {
			send(b.process, from, refusal(codeMalformedRequest, err.Error()))
			return
		}
		send(b.process, from, b.answer(m))
		return
	}
	if err != nil || m.Type != "transfer" || m.Amount <= 0 {
		log := b.process.Log()
		log.Error().Str("peer", string(from)).Bytes("payload", payload[:min(len(payload), 128)]).Msg("a message that is no transfer, dropped")
		return
	}
	b.state.Balance += m.Amount
	b.state.Received++
}

// answer does what a client asks for.
func (b *bank) answer(m bankMessage) any {
	switch m.Type {
	case "balance":
	case "pause":
		b.paused = true
	case "resume":
		b.paused = false
	case "transfer":
		switch {
		case m.To == nil || m.Amount <= 0:
			return refusal(codeMalformedRequest, `a transfer needs "to" and an "amount" above 0`)
		case m.Amount > b.state.Balance:
			return refusal(codePreconditionFailed, fmt.Sprintf("the balance is %d, less than %d", b.state.Balance, m.Amount))
		case !b.transfer(*m.To, m.Amount):
			return refusal(codePreconditionFailed, fmt.Sprintf("no channel to %q", *m.To))
		}
	default:
		return refusal(codeNotSupported, fmt.Sprintf("unknown request %q: there are balance, transfer, pause and resume", m.Type))
	}
	return bankReply{m.Type + "_ok", b.state.Balance}
}

func (b *bank) Capture(done func(netnode.State)) {
	done(netnode.State{Bytes: mustMarshal(b.state)})
}

func (b *bank) Restore(state []byte) error {
	if err := json.Unmarshal(state, &b.state); err != nil {
		return fmt.Errorf("state of a bank: %w", err)
	}
	return nil
}

func mustMarshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("bug: " + err.Error())
	}
	return b
}
