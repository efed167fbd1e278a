package snapshot

import (
	"cmp"
	"io"
	"strconv"
	"time"
)

// Format is the value of "format" in the JSON.
const Format = "chandy/snapshot.v1"

// Estimated sizes in the JSON, in bytes.
const (
	processRoom = 340 // a process without its state
	channelRoom = 220 // a channel without its messages
	messageRoom = 40  // a message without its payload
	openRoom    = 60  // an open request
	eventRoom   = 90  // an event of a journal
)

// Room estimates the length of the JSON in bytes. It assumes that states and payloads
// are JSON; base64 takes a third more.
func (g *Global) Room() int {
	n := processRoom*(1+len(g.Processes)) + channelRoom*len(g.Channels)
	for _, p := range g.Processes {
		n += p.State.Len() + openRoom*len(p.State.Open)
	}
	for _, j := range g.Journals {
		n += eventRoom * len(j.Events)
	}
	for _, c := range g.Channels {
		for _, b := range c.Messages {
			n += messageRoom*b.Count + len(b.Body)
		}
	}
	return n
}

// WriteJSON writes the snapshot to out as one JSON document and a line feed. If compact is
// true, the document is a single line. The document is never in memory as a whole, and of the
// states that have an Encode at most one is. WriteJSON returns the first error of out. While it checks a large state it makes empty writes, so
// that such an error ends it soon.
//
// A state or payload is written byte for byte as the program made it, if it is JSON
// that a reader can take out of the document unchanged (see [standsAsJSON]), and in
// base64 otherwise. If compact is true, line ends between the tokens of a state or
// payload become spaces. [Decode] is the inverse: it returns the same bytes, also
// those in base64. Times are written in whole microseconds.
//
// encoding/json is not used because it rewrites numbers, escapes and spaces inside
// raw values.
func (g *Global) WriteJSON(out io.Writer, compact bool) error {
	w := jsonWriter{out: out, b: make([]byte, 0, min(g.Room(), 2*flushMin)), compact: compact}
	w.open('{')
	w.key("format").string(Format)
	w.key("id").string(string(g.ID))
	w.key("cluster").string(g.Cluster)
	w.key("epoch").uint(g.Epoch)
	w.key("status").string(g.Status())
	w.key("initiators").ids(g.Initiators)
	w.key("started_at").string(g.StartedAt.UTC().Format(time.RFC3339Nano))
	w.key("elapsed_ms").milliseconds(g.Elapsed)
	w.key("processes").open('{')
	for _, p := range g.Processes {
		w.key(string(p.ID)).process(p)
	}
	w.close('}')
	w.key("channels").open('[')
	for _, c := range g.Channels {
		w.item().channel(c)
	}
	w.close(']')
	w.key("missing").open('[')
	for _, m := range g.Missing {
		w.item().missing(m)
	}
	w.close(']')
	if g.Journals != nil {
		w.journals(g.Journals)
	}
	w.close('}')
	w.b = append(w.b, '\n')
	w.flush()
	return w.err
}

func (w *jsonWriter) process(p ProcessState) {
	p.State = p.State.Resolve()
	w.open('{')
	if p.State.Error != "" {
		w.key("state").raw("null")
		w.key("state_error").string(p.State.Error)
	} else {
		w.payload("state", p.State.Slices()...)
	}
	if a := p.State.About; a != nil {
		w.key("settled").string(a.Settled)
		w.key("printed_before_reply").uint(a.Printed)
		w.key("unanswered").uint(a.Unanswered)
	}
	w.activity(p.State)
	w.key("incarnation").string(string(p.Incarnation))
	w.key("recorded_after_ms").milliseconds(p.RecordedAfter)
	w.key("completed_after_ms").millisecondsOrNull(p.CompletedAfter, p.Completed)
	if p.Times != nil {
		w.times(*p.Times)
	}
	w.close('}')
}

// activity writes whether a process was idle, and its open requests, each on a line.
func (w *jsonWriter) activity(s State) {
	if s.Idle != IdleUnknown {
		w.key("idle").raw(strconv.FormatBool(s.Idle == IdleYes))
	}
	if s.Open == nil {
		return
	}
	w.key("open").open('[')
	for _, r := range s.Open {
		w.item()
		w.flat++
		w.open('{')
		w.key("from").string(string(r.From))
		w.key("msg_id").raw(cmp.Or(r.MsgID, "null"))
		w.key("since_ms").milliseconds(r.Since)
		w.close('}')
		w.flat--
	}
	w.close(']')
	w.key("open_total").uint(s.OpenTotal)
}

func (w *jsonWriter) channel(c ChannelState) {
	w.flat++
	w.open('{')
	w.key("from").string(string(c.Channel.From))
	w.key("to").string(string(c.Channel.To))
	w.key("incarnations").open('[')
	w.item().incarnation(c.SeenByReceiver)
	w.item().incarnation(c.SeenBySender)
	w.close(']')
	w.key("sent").number(c.Sent, c.SentKnown)
	w.key("received").number(c.Received, c.ReceivedKnown)
	w.key("marker_ms").millisecondsOrNull(c.MarkerAfter, c.MarkerKnown)
	w.resets(c.Resets)
	w.key("messages")
	w.messages(c)
	w.close('}')
	w.flat--
}

// messages writes each message on a line of its own, although the channel around them is
// on one line.
func (w *jsonWriter) messages(c ChannelState) {
	if !c.Known {
		w.raw("null")
		return
	}
	flat := w.flat
	w.flat = 0
	w.depth--
	w.open('[')
	for _, b := range c.Messages {
		for seq, payload := range b.All() {
			w.item()
			w.flat++
			w.open('{')
			w.key("seq").uint(seq)
			w.payload("payload", payload)
			w.close('}')
			w.flat--
		}
	}
	w.close(']')
	w.depth++
	w.flat = flat
}

func (w *jsonWriter) resets(resets []Reset) {
	if len(resets) == 0 {
		return
	}
	w.key("reset").open('[')
	for _, r := range resets {
		w.item().open('{')
		w.key("process").string(string(r.Process))
		w.key("incarnation").string(string(r.Incarnation))
		w.key("discarded").uint(r.Discarded)
		w.key("unknown").raw(strconv.FormatBool(r.Unknown))
		w.close('}')
	}
	w.close(']')
}

func (w *jsonWriter) missing(m Missing) {
	w.flat++
	w.open('{')
	if m.Process != "" {
		w.key("process").string(string(m.Process))
	} else {
		w.key("channel").string(m.Channel.String())
	}
	w.key("reason").string(string(m.Reason))
	w.key("detail").string(m.Detail)
	w.close('}')
	w.flat--
}
