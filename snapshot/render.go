package snapshot

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The String methods are the one rendering of each type, for tests, logs and people.
// They leave times out, so that the output of a test does not depend on the clock.

func (b Batch) String() string {
	var parts []string
	for seq, payload := range b.All() {
		parts = append(parts, fmt.Sprintf("%d:%s", seq, renderPayload(payload)))
	}
	return strings.Join(parts, " ")
}

func (m Marker) String() string {
	s := fmt.Sprintf("marker of %s after message %d", m.ID, m.Sent)
	if m.Acked != m.Sent {
		s += fmt.Sprintf(", %d acknowledged", m.Acked)
	}
	return s
}

func (s State) String() string {
	switch {
	case s.Error != "":
		return "state error: " + s.Error
	case s.Encode != nil:
		return "state to be encoded"
	}
	if s.Chunks != nil {
		return fmt.Sprintf("state of %d bytes", s.Len())
	}
	return "state " + renderPayload(s.Bytes)
}

func (p Recorded) String() string {
	return fmt.Sprintf("%s recorded %s, sent %s, received %s", p.Process, p.State, renderCounts(p.Sent), renderCounts(p.Received))
}

func (p Closed) String() string {
	end := "incoming"
	if p.Outgoing {
		end = "outgoing"
	}
	return fmt.Sprintf("%s closed %s %s [%s]", p.Process, end, p.Channel, renderBatches(p.Messages))
}

func (p Timed) String() string { return fmt.Sprintf("%s has its times", p.Process) }

func (p Stored) String() string {
	switch {
	case p.Error != "":
		return fmt.Sprintf("%s has not written its part: %s", p.Process, p.Error)
	case p.Store == "":
		return fmt.Sprintf("%s has not written its part: it sees no store", p.Process)
	}
	return fmt.Sprintf("%s has written its part", p.Process)
}

func (p Failed) String() string {
	return fmt.Sprintf("%s failed: %s", p.Process, reasonDetail(p.Reason, p.Detail))
}

func (Capture) String() string      { return "capture" }
func (e SendMarker) String() string { return fmt.Sprintf("send %s to %s", e.Marker, e.To) }

func (e Report) String() string {
	s := fmt.Sprintf("report to %s for %s: %s", e.Start.Assembler, e.Start.ID, e.Piece)
	if e.Last {
		s += ", last"
	}
	return s
}

func (m Missing) String() string {
	where := string(m.Process)
	if where == "" {
		where = m.Channel.String()
	}
	return where + ": " + reasonDetail(m.Reason, m.Detail)
}

func (g *Global) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s, initiated by %s\n", g.ID, g.Status(), renderIDs(g.Initiators))
	for _, p := range g.Processes {
		fmt.Fprintf(&b, "%s: %s\n", p.ID, p.State)
	}
	for _, c := range g.Channels {
		switch {
		case c.Known:
			fmt.Fprintf(&b, "%s: sent %d, received %d, in flight [%s]\n", c.Channel, c.Sent, c.Received, renderBatches(c.Messages))
		default:
			fmt.Fprintf(&b, "%s: not known\n", c.Channel)
		}
	}
	for _, m := range g.Missing {
		fmt.Fprintf(&b, "missing %s\n", m)
	}
	return b.String()
}

func reasonDetail(r Reason, detail string) string {
	if detail == "" {
		return string(r)
	}
	return string(r) + ": " + detail
}

func renderBatches(all []Batch) string {
	var parts []string
	for _, b := range all {
		parts = append(parts, b.String())
	}
	return strings.Join(parts, " ")
}

func renderCounts(all []Count) string {
	var parts []string
	for _, c := range all {
		parts = append(parts, fmt.Sprintf("%s:%d", c.Peer, c.N))
	}
	return "[" + strings.Join(parts, " ") + "]"
}

func renderIDs(ids []ProcessID) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = string(id)
	}
	return strings.Join(parts, ", ")
}

func renderPayload(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return fmt.Sprintf("%x", b)
}
