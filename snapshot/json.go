package snapshot

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// Format is the value of "format" in the JSON.
const Format = "chandy/snapshot.v1"

// About what a process without its state, a channel without messages and a message
// without its payload take in the JSON, in bytes.
const (
	processRoom = 200
	channelRoom = 200
	messageRoom = 40
)

// Room is about how long the JSON is, in bytes, when states and payloads are JSON.
func (g *Global) Room() int {
	n := processRoom*(1+len(g.Processes)) + channelRoom*len(g.Channels)
	for _, p := range g.Processes {
		n += len(p.State.Bytes)
	}
	for _, c := range g.Channels {
		for _, b := range c.Messages {
			n += messageRoom*b.Count + len(b.Body)
		}
	}
	return n
}

// AppendJSON appends the snapshot as one JSON document and a line feed. Compact
// makes it a single line.
//
// States and payloads that are JSON stand byte for byte as the program gave them
// (with compact, line ends between their tokens become spaces); others stand in
// base64. encoding/json is not used because it rewrites numbers, escapes and
// spaces inside raw values.
func (g *Global) AppendJSON(b []byte, compact bool) []byte {
	w := jsonWriter{b: slices.Grow(b, g.Room()), compact: compact}
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
	w.close('}')
	return append(w.b, '\n')
}

func (w *jsonWriter) process(p ProcessState) {
	w.open('{')
	switch {
	case p.State.Error != "":
		w.key("state").raw("null")
		w.key("state_error").string(p.State.Error)
	default:
		w.payload("state", p.State.Bytes)
	}
	if a := p.State.About; a != nil {
		w.key("settled").string(a.Settled)
		w.key("printed_before_reply").uint(a.Printed)
		w.key("unanswered").uint(a.Unanswered)
	}
	w.key("incarnation").string(string(p.Incarnation))
	w.key("recorded_after_ms").milliseconds(p.RecordedAfter)
	if p.Completed {
		w.key("completed_after_ms").milliseconds(p.CompletedAfter)
	} else {
		w.key("completed_after_ms").raw("null")
	}
	w.close('}')
}

func (w *jsonWriter) channel(c ChannelState) {
	w.flat++ // a channel and a message are one line each
	w.open('{')
	w.key("from").string(string(c.Channel.From))
	w.key("to").string(string(c.Channel.To))
	w.key("incarnations").open('[')
	w.item().incarnation(c.SeenByReceiver)
	w.item().incarnation(c.SeenBySender)
	w.close(']')
	w.key("sent").number(c.Sent, c.SentKnown)
	w.key("received").number(c.Received, c.ReceivedKnown)
	w.resets(c.Resets)
	w.key("messages")
	w.messages(c)
	w.close('}')
	w.flat--
}

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

// jsonWriter writes JSON with two spaces of indentation, or none when compact or
// where flat is above zero.
type jsonWriter struct {
	b       []byte
	compact bool
	flat    int
	depth   int
	begun   bool // the object or array that is open has a member
}

func (w *jsonWriter) open(bracket byte) {
	w.b = append(w.b, bracket)
	w.depth++
	w.begun = false
}

func (w *jsonWriter) close(bracket byte) {
	w.depth--
	if w.begun {
		w.line()
	}
	w.b = append(w.b, bracket)
	w.begun = true
}

func (w *jsonWriter) item() *jsonWriter {
	switch {
	case w.begun && !w.compact && w.flat > 0:
		w.b = append(w.b, ", "...)
	case w.begun:
		w.b = append(w.b, ',')
		w.line()
	default:
		w.line()
	}
	w.begun = true
	return w
}

// key writes a name, which is plain: one of ours, or a process's.
func (w *jsonWriter) key(name string) *jsonWriter {
	w.item()
	w.b = append(append(append(w.b, '"'), name...), '"', ':')
	if !w.compact {
		w.b = append(w.b, ' ')
	}
	return w
}

func (w *jsonWriter) line() {
	if w.compact || w.flat > 0 {
		return
	}
	w.b = append(w.b, '\n')
	for range w.depth {
		w.b = append(w.b, "  "...)
	}
}

func (w *jsonWriter) raw(text string) { w.b = append(w.b, text...) }

func (w *jsonWriter) uint(n uint64) { w.b = strconv.AppendUint(w.b, n, 10) }

func (w *jsonWriter) number(n uint64, known bool) {
	if known {
		w.uint(n)
	} else {
		w.raw("null")
	}
}

func (w *jsonWriter) milliseconds(d time.Duration) {
	w.b = strconv.AppendFloat(w.b, float64(d.Microseconds())/1e3, 'f', -1, 64)
}

func (w *jsonWriter) incarnation(i Incarnation) {
	if i == "" {
		w.raw("null")
	} else {
		w.string(string(i))
	}
}

func (w *jsonWriter) ids(ids []ProcessID) {
	w.flat++
	w.open('[')
	for _, id := range ids {
		w.item().string(string(id))
	}
	w.close(']')
	w.flat--
}

func (w *jsonWriter) string(s string) {
	if isPlain(s) {
		w.b = append(append(append(w.b, '"'), s...), '"')
		return
	}
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic("bug: a string that is not JSON: " + err.Error())
	}
	w.b = append(w.b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}

// isPlain tells whether a string stands in JSON as it is: ids and incarnations do.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// payload writes raw bytes under the given name, or in base64 under name_base64.
func (w *jsonWriter) payload(name string, raw []byte) {
	if !json.Valid(raw) || !utf8.Valid(raw) {
		w.key(name + "_base64")
		w.b = append(w.b, '"')
		w.b = base64.StdEncoding.AppendEncode(w.b, raw)
		w.b = append(w.b, '"')
		return
	}
	w.key(name)
	start := len(w.b)
	w.b = append(w.b, bytes.TrimSpace(raw)...)
	if w.compact {
		// JSON allows line ends between tokens only, never in a string.
		for i, c := range w.b[start:] {
			if c == '\n' || c == '\r' {
				w.b[start+i] = ' '
			}
		}
	}
}
