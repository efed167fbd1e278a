package bundled

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/maelstrom"
	"chandy/internal/printable"
	"chandy/program"
	"chandy/snapshot"
)

// quoteMax is the most bytes of a value or a message that a text about it quotes.
const quoteMax = 128

// base is embedded by every bundled program. It answers requests and logs messages that
// are dropped.
type base struct {
	requests table
	process  program.Process
	channels []snapshot.ProcessID // outgoing, sorted
	dropped  zerolog.Logger       // logs dropped messages, 10 a second at most
	drops    int                  // messages dropped so far
}

func (b *base) Start(p program.Process) {
	b.process = p
	b.channels = p.Channels()
	b.dropped = p.Log().Sample(&zerolog.BurstSampler{Burst: 10, Period: time.Second})
}

// captured returns the state that the program has captured. The program answers every
// request at once, so none is open.
func (b *base) captured(state []byte, idle bool) program.State {
	return program.State{Bytes: state, Idle: snapshot.IdleIf(idle), Open: []snapshot.OpenRequest{}}
}

// source returns the source of a program's random choices. If the seed is not zero, the
// choices of each process are the same in every run.
func source(p program.Process, seed int64) *rand.Rand {
	if seed == 0 {
		return p.Rand()
	}
	id := fnv.New64a()
	id.Write([]byte(p.ID()))
	return rand.New(rand.NewPCG(uint64(seed), id.Sum64()))
}

// about returns a random duration from half of d to one and a half times d.
func about(random *rand.Rand, d time.Duration) time.Duration {
	return d/2 + time.Duration(random.Int64N(int64(d)+1))
}

// answer replies to a request. If refused is non-nil, it refuses the request for that
// reason, without granting it. The function wrap makes a message of the body of a reply.
//
// A reply that is too long to be sent becomes a refusal. Only requests that change
// nothing have such long replies.
func (b *base) answer(l maelstrom.Line, refused *refusal, to snapshot.ProcessID, wrap func(body []byte) []byte) {
	var body []byte
	if refused == nil {
		body, refused = b.requests.grant(l)
	}
	if refused != nil {
		body = maelstrom.ErrorBody(refused.Code, refused.Text)
	}
	err := b.process.Send(to, wrap(body))
	if err != nil && refused == nil {
		err = b.process.Send(to, wrap(maelstrom.ErrorBody(maelstrom.CodeTemporarilyUnavailable, err.Error())))
	}
	if err != nil {
		b.drop(to, l.Body, fmt.Errorf("reply: %w", err))
	}
}

// answerClient answers the request of a client to bank or token. Their replies have
// in_reply_to as the second member, and those of the services as the last.
func (b *base) answerClient(client snapshot.ProcessID, request []byte) {
	l, refused := decodeRequest(request)
	b.answer(l, refused, client, func(body []byte) []byte {
		if l.MsgID == nil {
			return body
		}
		head, members, _ := bytes.Cut(body, []byte(","))
		return slices.Concat(head, []byte(`,"in_reply_to":`), l.MsgID, []byte(","), members)
	})
}

// send sends a message as JSON and reports whether it was sent. The receiver must be in
// b.channels. An error is therefore a fault of the program, and send logs it.
func (b *base) send(to snapshot.ProcessID, message any) bool {
	err := b.process.Send(to, mustMarshal(message))
	if err != nil {
		b.process.Log().Error().Err(err).Msg("message not sent")
	}
	return err == nil
}

// drop counts and logs a message that the program drops.
func (b *base) drop(peer snapshot.ProcessID, payload []byte, why error) {
	b.drops++
	b.dropped.Warn().Err(why).Str("peer", string(peer)).Int("dropped", b.drops).
		Str("line", printable.Start(payload, quoteMax)).Msg("message dropped")
}

func mustMarshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("bug: " + err.Error())
	}
	return b
}
