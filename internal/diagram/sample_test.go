package diagram

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"chandy/snapshot"
)

// sample describes a small simulation of processes that send each other money while a
// snapshot is taken with the marker rule of Chandy and Lamport. The same sample results in
// the same document.
type sample struct {
	processes, steps int
	seed             uint64
	journal          bool
	payload          string // of each message; empty means a transfer
	state            string // of each process; empty means a balance
	deliver          int    // chance of a delivery in a step, in percent; zero means 50
	at               int    // step in which the snapshot starts; zero means the middle
	thin             int    // events that the journals omit, in percent
	together         bool   // all processes record in the same step, so that the markers empty no channel
}

type item struct {
	marker  bool
	seq     uint64
	payload string
}

// simProcess is a process of the simulation.
type simProcess struct {
	balance        int
	events         []Entry // AtMS is the time of the simulation
	recorded       bool
	recordedAt     float64
	state          string
	sent, received map[int]uint64 // at the recording, by peer
	markers        map[int]float64
}

// simulation is the state of a sample.
type simulation struct {
	sample
	random         *rand.Rand
	now            float64
	all            []simProcess
	queues         [][]item // by from*processes+to
	sent, received map[[2]int]uint64
	payloads       map[[2]int][]string
}

func name(i int) string { return fmt.Sprintf("p%02d", i+1) }

// document runs the simulation and returns the snapshot as JSON.
func (s sample) document(t testing.TB) []byte {
	if s.deliver == 0 {
		s.deliver = 50
	}
	if s.at == 0 {
		s.at = s.steps / 2
	}
	m := &simulation{sample: s, random: rand.New(rand.NewPCG(s.seed, 16)), all: make([]simProcess, s.processes),
		queues: make([][]item, s.processes*s.processes), sent: map[[2]int]uint64{}, received: map[[2]int]uint64{}, payloads: map[[2]int][]string{}}
	for i := range m.all {
		m.all[i] = simProcess{balance: 1000, sent: map[int]uint64{}, received: map[int]uint64{}, markers: map[int]float64{}}
	}
	for step := 0; step < s.steps || !m.done(); step++ {
		m.now += m.random.ExpFloat64()
		if m.random.IntN(50) == 0 {
			m.now += 80 // a pause
		}
		if step == s.at {
			m.record(m.random.IntN(s.processes))
			for i := range m.all {
				if s.together && !m.all[i].recorded {
					m.record(i)
				}
			}
		}
		if m.random.IntN(100) < s.deliver || step > s.steps {
			m.deliverOne()
		} else {
			m.send(m.random.IntN(s.processes))
		}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // payloads stand as they are
	if err := encoder.Encode(m.json()); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func (m *simulation) done() bool {
	for i := range m.all {
		if !m.all[i].recorded || len(m.all[i].markers) < m.processes-1 {
			return false
		}
	}
	return true
}

func (m *simulation) send(from int) {
	to := m.random.IntN(m.processes - 1)
	if to >= from {
		to++
	}
	amount := 1 + m.random.IntN(10)
	payload := m.payload
	if payload == "" {
		payload = fmt.Sprintf(`{"type": "transfer", "amount": %d}`, amount)
		m.all[from].balance -= amount
	}
	key := [2]int{from, to}
	m.sent[key]++
	m.payloads[key] = append(m.payloads[key], payload)
	m.queues[from*m.processes+to] = append(m.queues[from*m.processes+to], item{seq: m.sent[key], payload: payload})
	m.note(from, Entry{Kind: Sent, Peer: snapshot.ProcessID(name(to)), Seq: m.sent[key], Type: "transfer"})
}

func (m *simulation) note(i int, e Entry) {
	e.AtMS = m.now
	m.all[i].events = append(m.all[i].events, e)
}

func (m *simulation) deliverOne() {
	var full []int
	for i, q := range m.queues {
		if len(q) > 0 {
			full = append(full, i)
		}
	}
	if len(full) == 0 {
		return
	}
	i := full[m.random.IntN(len(full))]
	one := m.queues[i][0]
	m.queues[i] = m.queues[i][1:]
	from, to := i/m.processes, i%m.processes
	key := [2]int{from, to}
	peer := snapshot.ProcessID(name(from))
	if one.marker {
		m.note(to, Entry{Kind: MarkerReceived, Peer: peer, Seq: one.seq})
		if !m.all[to].recorded {
			m.record(to)
		}
		m.all[to].markers[from] = m.now
		return
	}
	m.received[key]++
	var body struct{ Amount int }
	if json.Unmarshal([]byte(one.payload), &body) == nil {
		m.all[to].balance += body.Amount
	}
	m.note(to, Entry{Kind: Received, Peer: peer, Seq: one.seq, Type: "transfer"})
}

func (m *simulation) record(i int) {
	p := &m.all[i]
	p.recorded, p.recordedAt = true, m.now
	p.state = m.state
	if p.state == "" {
		p.state = fmt.Sprintf(`{"balance": %d, "paused": false}`, p.balance)
	}
	m.note(i, Entry{Kind: Recorded})
	for peer := range m.all {
		if peer == i {
			continue
		}
		out := [2]int{i, peer}
		p.sent[peer], p.received[peer] = m.sent[out], m.received[[2]int{peer, i}]
		m.queues[i*m.processes+peer] = append(m.queues[i*m.processes+peer], item{marker: true, seq: m.sent[out]})
		m.note(i, Entry{Kind: MarkerSent, Peer: snapshot.ProcessID(name(peer)), Seq: m.sent[out]})
	}
}

type object = map[string]any

// json returns the document.
func (m *simulation) json() object {
	start := time.Date(2026, 11, 22, 7, 35, 25, 0, time.UTC)
	processes, journals, channels := object{}, object{}, []any{}
	for i := range m.all {
		p := &m.all[i]
		last := 0.3
		for _, at := range p.markers {
			last = max(last, at-p.recordedAt)
		}
		state := object{"incarnation": "i" + name(i), "recorded_after_ms": 1, "completed_after_ms": last + float64(i)/10,
			"times": object{"first_marker_ms": nil, "held_ms": 0.01, "settled_ms": nil, "asked_ms": 0.02, "encoded_ms": 0.15, "sent_ms": 0.3}}
		if json.Valid([]byte(p.state)) {
			state["state"] = json.RawMessage(p.state)
		} else {
			state["state_base64"] = []byte(p.state)
		}
		processes[name(i)] = state
		events := []object{}
		for _, e := range p.events {
			if e.Kind != Recorded && m.random.IntN(100) < m.thin {
				continue
			}
			one := object{"kind": string(e.Kind), "at_ms": e.AtMS - p.recordedAt}
			if e.Kind != Recorded {
				one["peer"], one["seq"] = string(e.Peer), e.Seq
			}
			if e.Kind == Sent || e.Kind == Received {
				one["bytes"], one["type"] = 30, e.Type
			}
			events = append(events, one)
		}
		at := start.Add(time.Duration(p.recordedAt * float64(time.Millisecond)))
		journals[name(i)] = object{"recorded_at": at.Format(time.RFC3339Nano), "events": events, "omitted": 7}
		for peer := range m.all {
			if peer != i {
				channels = append(channels, m.channel(i, peer))
			}
		}
	}
	doc := object{"format": snapshot.Format, "id": "20261122T073525123456Z-k3m9x2q7ab", "cluster": "bank", "epoch": 1, "status": "complete",
		"initiators": []string{name(0)}, "started_at": start.Format(time.RFC3339Nano), "elapsed_ms": 3, "processes": processes,
		"channels": channels, "missing": []any{}}
	if m.journal {
		doc["journal"] = journals
	}
	return doc
}

func (m *simulation) channel(from, to int) object {
	sent, received := m.all[from].sent[to], m.all[to].received[from]
	messages := []object{}
	for seq := received + 1; seq <= sent; seq++ {
		payload := m.payloads[[2]int{from, to}][seq-1]
		one := object{"seq": seq}
		if json.Valid([]byte(payload)) {
			one["payload"] = json.RawMessage(payload)
		} else {
			one["payload_base64"] = []byte(payload)
		}
		messages = append(messages, one)
	}
	return object{"from": name(from), "to": name(to), "incarnations": []string{"i" + name(from), "i" + name(to)},
		"sent": sent, "received": received, "messages": messages, "marker_ms": m.all[to].markers[from] - m.all[to].recordedAt}
}

// read decodes a document, which must be right.
func read(t testing.TB, text []byte) *Document {
	t.Helper()
	d, err := Read(text)
	if err != nil {
		t.Fatalf("got %v, want a document: %s", err, text[:min(len(text), 2000)])
	}
	return d
}

func drawn(t testing.TB, p *Picture) string {
	t.Helper()
	var b strings.Builder
	if err := SVG(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
