package bundled

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"

	"chandy/internal/config"
	"chandy/program"
	"chandy/snapshot"
)

// bankSettings are the keys of [program] for kind "bank". The most that a balance
// may be is 2^43, so that the sum over the 1,024 processes that a cluster can have
// stays within 2^53: every reader of JSON holds that, and no balance overflows.
type bankSettings struct {
	// Balance is the money at the start, in units of money; 0: none.
	Balance int64 `toml:"balance" default:"1000" min:"0" max:"8796093022208"`
	// TransfersPerSecond is how many transfers each process sends; 0: none.
	TransfersPerSecond float64 `toml:"transfers_per_second" default:"10" min:"0" max:"1000000"`
	// MaxTransfer is the largest amount of a transfer, in units of money; never 0.
	MaxTransfer int64 `toml:"max_transfer" default:"10" min:"1" max:"8796093022208"`
	// Seed is that of the random choices; 0: the node's own.
	Seed int64 `toml:"seed" default:"0"`
}

// bank keeps an account. It sends money to the others at random, never more than
// it has: the sum over all balances and all transfers in flight is constant.
type bank struct {
	settings bankSettings
	process  program.Process
	channels []snapshot.ProcessID // outgoing
	random   *rand.Rand
	pace     pace
	state    bankState
}

// bankState is the local state. Invariant: Balance >= 0.
type bankState struct {
	Balance  int64 `json:"balance"`
	Sent     int64 `json:"sent"`             // transfers
	Received int64 `json:"received"`         // transfers
	Paused   bool  `json:"paused,omitempty"` // sends nothing on its own
}

// transfer is the only message between banks. Its money is the receiver's as soon
// as it was sent.
type transfer struct {
	Type   string `json:"type"` // "transfer"
	Amount int64  `json:"amount"`
}

type bankReply struct {
	head
	Balance int64 `json:"balance"`
}

func newBank(p config.Program) (program.Program, error) {
	b := &bank{}
	if err := p.Decode(&b.settings); err != nil {
		return nil, err
	}
	b.state.Balance = b.settings.Balance
	return b, nil
}

func (b *bank) Start(p program.Process) {
	b.process = p
	b.channels = p.Channels()
	b.random = p.Rand()
	if b.settings.Seed != 0 {
		id := fnv.New64a()
		id.Write([]byte(p.ID()))
		b.random = rand.New(rand.NewPCG(uint64(b.settings.Seed), id.Sum64()))
	}
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

// pay sends money, at most what there is, and tells whether it was sent: what was
// not stays here.
func (b *bank) pay(to snapshot.ProcessID, amount int64) bool {
	if !send(b.process, to, transfer{"transfer", amount}) {
		return false
	}
	b.state.Balance -= amount
	b.state.Sent++
	return true
}

func (b *bank) Receive(from snapshot.ProcessID, payload []byte) {
	if from.IsClient() {
		answer(b.process, from, payload, b.grant)
		return
	}
	var t transfer
	if err := json.Unmarshal(payload, &t); err != nil || t.Type != "transfer" || t.Amount <= 0 || t.Amount > math.MaxInt64-b.state.Balance {
		b.process.Log().Error().Str("peer", string(from)).Bytes("payload", payload[:min(len(payload), 128)]).Msg("a message that is no transfer, dropped")
		return
	}
	b.state.Balance += t.Amount
	b.state.Received++
}

// grant does what a client asks for.
func (b *bank) grant(kind string, request []byte) (reply, *refusal) {
	switch kind {
	case "balance":
	case "pause":
		b.state.Paused = true
	case "resume":
		b.state.Paused = false
	case "transfer":
		if refused := b.transfer(request); refused != nil {
			return nil, refused
		}
	default:
		return nil, refuse(codeNotSupported, "unknown request %.128q: there are balance, transfer, pause and resume", kind)
	}
	return &bankReply{Balance: b.state.Balance}, nil
}

// transfer sends the money that a client asks to send.
func (b *bank) transfer(request []byte) *refusal {
	var ask struct {
		To     *snapshot.ProcessID `json:"to"`
		Amount int64               `json:"amount"`
	}
	if err := json.Unmarshal(request, &ask); err != nil {
		return malformed(err)
	}
	switch {
	case ask.To == nil || ask.Amount <= 0:
		return refuse(codeMalformedRequest, `a transfer needs "to" and an "amount" above 0`)
	case !slices.Contains(b.channels, *ask.To): // a client, say, which would take the money with it
		return refuse(codePreconditionFailed, "no channel to %.128q: there are %v", *ask.To, b.channels)
	case ask.Amount > b.state.Balance:
		return refuse(codePreconditionFailed, "the balance is %d, less than %d", b.state.Balance, ask.Amount)
	case !b.pay(*ask.To, ask.Amount):
		return refuse(codeTemporarilyUnavailable, "the transfer could not be sent")
	}
	return nil
}

func (b *bank) Capture(done func(program.State)) {
	done(program.State{Bytes: mustMarshal(b.state)})
}

// Restore implements [program.Program].
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
