package clustertest

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"chandy/snapshot"
)

// decode reads the JSON of a snapshot. It is the only place where tests parse it. It
// leaves out what no test looks at: names, times, and who saw which incarnation.
func decode(text []byte) (*snapshot.Global, error) {
	var s document
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	g := &snapshot.Global{}
	for id, p := range s.Processes {
		state := snapshot.State{Bytes: p.State, Error: p.Error}
		if p.State == nil {
			state.Bytes = p.Base64
		}
		if p.Error != "" {
			state.Bytes = nil
		}
		if p.Settled != "" {
			state.About = &snapshot.About{Settled: p.Settled, Printed: p.Printed, Unanswered: p.Unanswered}
		}
		g.Processes = append(g.Processes, snapshot.ProcessState{ID: id, State: state, Incarnation: p.Incarnation})
	}
	slices.SortFunc(g.Processes, func(a, b snapshot.ProcessState) int { return cmp.Compare(a.ID, b.ID) })
	for _, c := range s.Channels {
		state := snapshot.ChannelState{Channel: snapshot.Channel{From: c.From, To: c.To}, Known: c.Messages != nil, Resets: c.Reset}
		if state.SentKnown = c.Sent != nil; state.SentKnown {
			state.Sent = *c.Sent
		}
		if state.ReceivedKnown = c.Received != nil; state.ReceivedKnown {
			state.Received = *c.Received
		}
		for _, m := range c.Messages {
			if n := len(state.Messages); n == 0 || state.Messages[n-1].Last()+1 != m.Seq {
				state.Messages = append(state.Messages, snapshot.Batch{First: m.Seq})
			}
			payload := []byte(m.Payload)
			if payload == nil {
				payload = m.Base64
			}
			state.Messages[len(state.Messages)-1].Append(payload)
		}
		g.Channels = append(g.Channels, state)
	}
	for _, m := range s.Missing {
		from, to, _ := strings.Cut(m.Channel, "->")
		channel := snapshot.Channel{From: snapshot.ProcessID(from), To: snapshot.ProcessID(to)}
		g.Missing = append(g.Missing, snapshot.Missing{Process: m.Process, Channel: channel, Reason: m.Reason, Detail: m.Detail})
	}
	return g, nil
}

type document struct {
	Processes map[snapshot.ProcessID]struct {
		State       json.RawMessage      `json:"state"`
		Base64      []byte               `json:"state_base64"`
		Error       string               `json:"state_error"`
		Settled     string               `json:"settled"`
		Printed     uint64               `json:"printed_before_reply"`
		Unanswered  uint64               `json:"unanswered"`
		Incarnation snapshot.Incarnation `json:"incarnation"`
	} `json:"processes"`
	Channels []struct {
		From     snapshot.ProcessID `json:"from"`
		To       snapshot.ProcessID `json:"to"`
		Sent     *uint64            `json:"sent"`
		Received *uint64            `json:"received"`
		Messages []struct {
			Seq     uint64          `json:"seq"`
			Payload json.RawMessage `json:"payload"`
			Base64  []byte          `json:"payload_base64"`
		} `json:"messages"`
		Reset []snapshot.Reset `json:"reset"`
	} `json:"channels"`
	Missing []struct {
		Process snapshot.ProcessID `json:"process"`
		Channel string             `json:"channel"`
		Reason  snapshot.Reason    `json:"reason"`
		Detail  string             `json:"detail"`
	} `json:"missing"`
}
