package snapshot

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"chandy/internal/jsonwalk"
)

// jsonWriter writes JSON with an indentation of two spaces. It starts no new lines if
// compact is true or while flat is above zero.
type jsonWriter struct {
	b       []byte
	compact bool
	flat    int  // calls in progress that write on one line
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

// key starts a member. The name must need no escape, like the keys of the format and
// process ids.
func (w *jsonWriter) key(name string) *jsonWriter {
	w.item()
	w.b = append(append(append(w.b, '"'), name...), '"', ':')
	if !w.compact {
		w.b = append(w.b, ' ')
	}
	return w
}

// line starts a new line, unless the writer must stay on the current one.
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
