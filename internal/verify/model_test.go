package verify

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// model is a snapshot that tests build, change and encode.
type model struct {
	Format     string                  `json:"format"`
	ID         string                  `json:"id"`
	Cluster    string                  `json:"cluster"`
	Epoch      uint64                  `json:"epoch"`
	Status     string                  `json:"status"`
	Initiators []string                `json:"initiators"`
	StartedAt  string                  `json:"started_at"`
	ElapsedMS  float64                 `json:"elapsed_ms"`
	Processes  map[string]modelProcess `json:"processes"`
	Channels   []*modelChannel         `json:"channels"`
	Missing    []json.RawMessage       `json:"missing"`
}

type modelProcess struct {
	State       json.RawMessage `json:"state,omitempty"`
	StateBase64 []byte          `json:"state_base64,omitempty"`
	Incarnation string          `json:"incarnation"`
	RecordedMS  float64         `json:"recorded_after_ms"`
	CompletedMS float64         `json:"completed_after_ms"`
}

type modelChannel struct {
	From         string         `json:"from"`
	To           string         `json:"to"`
	Incarnations [2]string      `json:"incarnations"`
	Sent         uint64         `json:"sent"`
	Received     uint64         `json:"received"`
	Messages     []modelMessage `json:"messages"`
}

type modelMessage struct {
	Seq           uint64          `json:"seq"`
	Payload       json.RawMessage `json:"payload,omitempty"`
	PayloadBase64 []byte          `json:"payload_base64,omitempty"`
}

func (m *model) bytes() []byte {
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}

// randomModel returns a consistent snapshot with at least one channel.
func randomModel(r *rand.Rand) *model {
	m := &model{
		Format: "chandy/snapshot.v1", ID: "20261122T073525123456Z-k3m9x2q7ab", Cluster: "bank",
		Epoch: 1 + r.Uint64N(5), Status: "complete", StartedAt: "2026-11-22T07:35:25.123456789Z", ElapsedMS: r.Float64(),
		Processes: map[string]modelProcess{}, Missing: []json.RawMessage{},
	}
	var ids []string
	for i := range 2 + r.IntN(4) {
		id := fmt.Sprintf("p%d", i+1)
		ids = append(ids, id)
		p := modelProcess{Incarnation: fmt.Sprintf("i%d-%d", i, r.Uint64()), RecordedMS: r.Float64(), CompletedMS: 1 + r.Float64()}
		if r.IntN(3) == 0 {
			p.StateBase64 = randomBytes(r)
		} else {
			p.State = randomJSON(r)
		}
		m.Processes[id] = p
	}
	m.Initiators = []string{ids[r.IntN(len(ids))]}
	for len(m.Channels) == 0 {
		for _, from := range ids {
			for _, to := range ids {
				if r.IntN(3) == 0 {
					m.Channels = append(m.Channels, randomChannel(r, m, from, to))
				}
			}
		}
	}
	return m
}

func randomChannel(r *rand.Rand, m *model, from, to string) *modelChannel {
	inFlight := uint64(r.IntN(6))
	received := []uint64{0, r.Uint64N(100), 1<<53 - 2 + r.Uint64N(4), math.MaxUint64 - inFlight - r.Uint64N(2)}[r.IntN(4)]
	ch := &modelChannel{
		From: from, To: to,
		Incarnations: [2]string{m.Processes[from].Incarnation, m.Processes[to].Incarnation},
		Sent:         received + inFlight, Received: received, Messages: []modelMessage{},
	}
	for i := range inFlight {
		ch.Messages = append(ch.Messages, randomMessage(r, received+1+i))
	}
	return ch
}

func randomMessage(r *rand.Rand, seq uint64) modelMessage {
	if r.IntN(3) == 0 {
		return modelMessage{Seq: seq, PayloadBase64: randomBytes(r)}
	}
	return modelMessage{Seq: seq, Payload: randomJSON(r)}
}

func randomJSON(r *rand.Rand) json.RawMessage {
	all := []string{`null`, `{"type":"transfer","amount":9007199254740993}`, `{"seq":1,"seq":2}`, `[1,[2,{"a":"b"}]]`, `"text \u0000"`, `0.10`, `true`}
	return json.RawMessage(all[r.IntN(len(all))])
}

func randomBytes(r *rand.Rand) []byte {
	b := make([]byte, 1+r.IntN(9))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// tamper makes one random change that the certificate must detect and returns its
// description. The description is empty if this snapshot has nothing to change so.
func tamper(r *rand.Rand, m *model) string {
	ch := m.Channels[r.IntN(len(m.Channels))]
	n := len(ch.Messages)
	at := 0
	if n > 0 {
		at = r.IntN(n)
	}
	switch kind := r.IntN(12); {
	case kind == 0:
		ch.Sent = otherNumber(r, ch.Sent)
		return fmt.Sprintf("sent of %s->%s", ch.From, ch.To)
	case kind == 1:
		ch.Received = otherNumber(r, ch.Received)
		return fmt.Sprintf("received of %s->%s", ch.From, ch.To)
	case kind == 2 && n > 0:
		ch.Messages[at].Seq = otherNumber(r, ch.Messages[at].Seq)
		return fmt.Sprintf("number of message %d of %s->%s", at, ch.From, ch.To)
	case kind == 3 && n > 0:
		ch.Messages = slices.Delete(ch.Messages, at, at+1)
		return fmt.Sprintf("message %d of %s->%s dropped", at, ch.From, ch.To)
	case kind == 4 && n > 0:
		ch.Messages = slices.Insert(ch.Messages, r.IntN(n+1), ch.Messages[at])
		return fmt.Sprintf("message %d of %s->%s doubled", at, ch.From, ch.To)
	case kind == 5 && n > 1:
		other := (at + 1 + r.IntN(n-1)) % n
		ch.Messages[at], ch.Messages[other] = ch.Messages[other], ch.Messages[at]
		return fmt.Sprintf("messages %d and %d of %s->%s swapped", at, other, ch.From, ch.To)
	case kind == 6 && n > 0 && len(m.Channels) > 1:
		to := m.Channels[r.IntN(len(m.Channels))]
		if to == ch {
			return ""
		}
		moved := ch.Messages[at]
		ch.Messages = slices.Delete(ch.Messages, at, at+1)
		to.Messages = slices.Insert(to.Messages, r.IntN(len(to.Messages)+1), moved)
		return fmt.Sprintf("message %d of %s->%s moved to %s->%s", at, ch.From, ch.To, to.From, to.To)
	case kind == 7:
		delete(m.Processes, ch.To)
		return "process " + ch.To + " removed"
	case kind == 8:
		p := m.Processes[ch.From]
		p.Incarnation += "x"
		m.Processes[ch.From] = p
		return "incarnation of " + ch.From
	case kind == 9:
		ch.Incarnations[r.IntN(2)] += "x"
		return fmt.Sprintf("incarnations of %s->%s", ch.From, ch.To)
	case kind == 10:
		copied := *ch
		m.Channels = slices.Insert(m.Channels, r.IntN(len(m.Channels)+1), &copied)
		return fmt.Sprintf("%s->%s doubled", ch.From, ch.To)
	case kind == 11 && n > 0:
		for i := range ch.Messages {
			ch.Messages[i].Seq++ // wraps at the end of the numbers
		}
		return fmt.Sprintf("messages of %s->%s renumbered", ch.From, ch.To)
	}
	return ""
}

// otherNumber returns a random number other than n, often a near one.
func otherNumber(r *rand.Rand, n uint64) uint64 {
	other := []uint64{n + 1, n - 1, n ^ 1<<r.IntN(64), r.Uint64(), r.Uint64N(8)}[r.IntN(5)]
	if other == n {
		return n + 1
	}
	return other
}
