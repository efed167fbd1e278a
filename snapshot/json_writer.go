package snapshot

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"
)

// jsonWriter writes JSON with an indentation of two spaces. It starts no new lines if
// compact is true or while flat is above zero.
type jsonWriter struct {
	out     io.Writer
	err     error  // first error of out; sticky
	b       []byte // not written to out yet
	compact bool
	flat    int  // calls in progress that write on one line
	depth   int  // open objects and arrays that are indented
	begun   bool // the innermost open object or array has a member
}

// flushMin is how many bytes are collected for one write, at least.
const flushMin = 32 << 10

// flush writes what has been collected.
func (w *jsonWriter) flush() {
	if len(w.b) > 0 {
		w.write(w.b)
		w.b = w.b[:0]
	}
}

// write writes b, without collecting it.
func (w *jsonWriter) write(b []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(b)
	}
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
	if len(w.b) >= flushMin {
		w.flush()
	}
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

func (w *jsonWriter) millisecondsOrNull(d time.Duration, known bool) {
	if known {
		w.milliseconds(d)
	} else {
		w.raw("null")
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
