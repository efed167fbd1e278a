package snapshot

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"chandy/internal/jsonwalk"
)

// Format is the value of "format" in the JSON.
const Format = "chandy/snapshot.v1"

// Estimated sizes in the JSON, in bytes.
const (
	processRoom = 200 // a process without its state
	channelRoom = 200 // a channel without its messages
	messageRoom = 40  // a message without its payload
)

// Room estimates the length of the JSON in bytes. It assumes that states and payloads
// are JSON; base64 takes a third more.
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

// AppendJSON appends the snapshot as one JSON document and a line feed. If compact is
// true, the document is a single line.
//
// A state or payload is written byte for byte as the program made it, if it is JSON
// that a reader can take out of the document unchanged (see [standsAsJSON]), and in
// base64 otherwise. If compact is true, line ends between the tokens of a state or
// payload become spaces. [Decode] is the inverse: it returns the same bytes, also
// those in base64. Times are written in whole microseconds.
//
// encoding/json is not used because it rewrites numbers, escapes and spaces inside
// raw values.
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
	w.flat++ // one line for a channel, and one for each message
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

// jsonWriter writes JSON with an indentation of two spaces. It starts no new lines if
// compact is true or while flat is above zero.
type jsonWriter struct {
	b       []byte
	compact bool
	flat    int  // nested calls that asked for one line
	depth   int  // open objects and arrays that are indented
	begun   bool // the innermost open object or array has a member
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

// item starts the next element of an array or the next member of an object.
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

// key starts a member. The name must be plain: one of ours, or a process id.
func (w *jsonWriter) key(name string) *jsonWriter {
	w.item()
	w.b = append(append(append(w.b, '"'), name...), '"', ':')
	if !w.compact {
		w.b = append(w.b, ' ')
	}
	return w
}

// line starts a new line, except where the writer keeps to one line.
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

// milliseconds writes d, which is not negative, in whole microseconds: 3.21 for
// 3210 µs. It does so without a float64, which cannot hold every int64.
func (w *jsonWriter) milliseconds(d time.Duration) {
	us := uint64(max(d, 0).Microseconds())
	w.uint(us / 1000)
	if fraction := us % 1000; fraction > 0 {
		digits := strconv.FormatUint(1000+fraction, 10)[1:]
		w.raw("." + strings.TrimRight(digits, "0"))
	}
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
	// As runes, bytes that are not UTF-8 become U+FFFD as it stands. The encoder would
	// write its escape, and a reader that encodes it again would not.
	if err := e.Encode(string([]rune(s))); err != nil {
		panic("bug: a string that is not JSON: " + err.Error())
	}
	w.b = append(w.b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}

// isPlain reports whether s needs no escape in JSON. Ids and incarnations never do.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// payload writes raw as JSON under name if it can stand so, else in base64 under
// name_base64.
func (w *jsonWriter) payload(name string, raw []byte) {
	if !standsAsJSON(raw) {
		w.key(name + "_base64")
		w.b = append(w.b, '"')
		w.b = base64.StdEncoding.AppendEncode(w.b, raw)
		w.b = append(w.b, '"')
		return
	}
	w.key(name)
	start := len(w.b)
	w.b = append(w.b, raw...)
	if w.compact {
		// A line end in JSON is always between two tokens, never in a string.
		for i, c := range w.b[start:] {
			if c == '\n' || c == '\r' {
				w.b[start+i] = ' '
			}
		}
	}
}

// payloadDepthMax limits how deep a state or payload that stands as JSON nests.
// Readers of JSON have a limit for the whole document: encoding/json stops at 10,000.
const payloadDepthMax = 1000

// standsAsJSON reports whether a state or payload can stand in the document as it is.
// It must be JSON in UTF-8 that nests at most payloadDepthMax deep. White space around
// it would be lost, because a reader cannot tell it from the document's own.
func standsAsJSON(raw []byte) bool {
	if !json.Valid(raw) || !utf8.Valid(raw) || jsonwalk.IsSpace(raw[0]) || jsonwalk.IsSpace(raw[len(raw)-1]) {
		return false
	}
	_, depth := jsonwalk.SkipValue(raw, 0)
	return depth <= payloadDepthMax
}
