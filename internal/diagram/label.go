package diagram

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"chandy/internal/jsonwalk"
	"chandy/internal/printable"
	"chandy/snapshot"
)

const (
	labelMax = 32 // cells of the label of a message
	stateMax = 24 // cells of a line of a state
	nameMax  = 12 // cells of an id
)

// label returns what is written beside an arrow over the cut.
func (s *Story) label(m Message) string {
	switch {
	case m.Class == Wrong && m.Count > 1:
		return "× " + thousands(m.Count) + s.fault(m)
	case m.Class == Wrong:
		return "number " + thousands(m.First) + s.fault(m)
	case m.Count > 1:
		return "× " + thousands(m.Count)
	case len(m.Payloads) > 0:
		return message(m.Payloads[0])
	}
	return "number " + thousands(m.First) + ", not recorded"
}

// fault says in which way messages contradict the cut.
func (s *Story) fault(m Message) string {
	switch {
	case s.Events[m.Send].Side > 0:
		return ", received before sent"
	case len(m.Payloads) > 0:
		return ", not in flight"
	}
	return ", lost: not recorded"
}

// message returns the type and two fields of a payload. The payload of a child has them in
// its body.
func message(payload []byte) string {
	if !json.Valid(payload) {
		return short(plain(payload), labelMax)
	}
	fields := members(payload)
	for _, f := range fields {
		if f.key == "body" && strings.HasPrefix(f.value, "{") {
			fields = members([]byte(f.value))
			break
		}
	}
	if fields == nil {
		return short(plain(payload), labelMax)
	}
	var words []string
	for _, f := range fields {
		if f.key == "type" {
			words = append(words, f.text())
		}
	}
	n := 0
	for _, f := range fields {
		if f.key != "type" && f.scalar() && n < 2 {
			words = append(words, f.key+" "+f.text())
			n++
		}
	}
	return short(printable.Text(strings.Join(words, " ")), labelMax)
}

// stateLines returns at most three short lines about the state of a process.
func (s *Story) stateLines(l Lane) []string {
	var lines []string
	switch p := l.Process; {
	case p == nil:
		return []string{"(no state)", short(l.Missing, stateMax)}
	case s.States[l.ID] != nil:
		lines = s.States[l.ID]
	case p.State.Error != "":
		lines = []string{"(no state)", p.State.Error}
	default:
		lines = stateOf(p.State.Bytes)
	}
	var all []string
	for _, line := range lines[:min(len(lines), 3)] {
		all = append(all, short(printable.Text(line), stateMax))
	}
	return all
}

// stateOf returns the first members of a state that fit on a line each.
func stateOf(b []byte) (lines []string) {
	fields := members(b)
	for _, f := range fields {
		if f.scalar() && len(lines) < 3 {
			lines = append(lines, f.key+" "+f.text())
		}
	}
	if len(lines) == 0 {
		lines = []string{plain(b)}
	}
	return lines
}

// field is a member of a JSON object.
type field struct{ key, value string }

// fieldsMax bounds the members that are read of an object.
const fieldsMax = 64

// members returns the first members of a JSON object. It is nil for other values.
func members(b []byte) (all []field) {
	if !json.Valid(b) || b[jsonwalk.SkipSpace(b, 0)] != '{' {
		return nil
	}
	all = []field{}
	for i := jsonwalk.SkipSpace(b, jsonwalk.SkipSpace(b, 0)+1); b[i] != '}' && len(all) < fieldsMax; {
		end := jsonwalk.SkipString(b, i)
		value := jsonwalk.SkipSpace(b, jsonwalk.SkipSpace(b, end)+1)
		after, _ := jsonwalk.SkipValue(b, value)
		all = append(all, field{unquoted(b[i:end]), string(b[value:after])})
		if i = jsonwalk.SkipSpace(b, after); b[i] == ',' {
			i = jsonwalk.SkipSpace(b, i+1)
		}
	}
	return all
}

// scalar reports whether the value is short enough to be shown: no object, and no array but
// one of a few plain values.
func (f field) scalar() bool {
	return f.value[0] != '{' && (f.value[0] != '[' || len(f.value) <= stateMax && !strings.ContainsAny(f.value[1:], "[{"))
}

// text returns the value, a text without its quotes.
func (f field) text() string {
	if f.value[0] == '"' {
		return unquoted([]byte(f.value))
	}
	return f.value
}

func unquoted(b []byte) string {
	var s string
	if json.Unmarshal(b, &s) != nil {
		return string(b)
	}
	return s
}

// plain returns bytes that are no object as a text.
func plain(b []byte) string {
	if len(b) > 0 && b[0] == '"' {
		b = []byte(unquoted(b))
	}
	if !utf8.Valid(b) {
		return fmt.Sprintf("(%d bytes)", len(b))
	}
	return printable.Start(b, 200)
}

// short cuts a text to a number of cells, and to four bytes for each of them: accents take no
// cell.
func short(s string, most int) string {
	if len(s) <= 4*most && cells(s) <= most {
		return s
	}
	n := 0
	for i, r := range s {
		if n += cell(r); n > most-1 || i+utf8.RuneLen(r) > 4*(most-1) {
			return s[:i] + "…"
		}
	}
	return s
}

// shortID cuts an id in its middle: the ids of a cluster often differ only at their ends.
func shortID(id snapshot.ProcessID) string {
	const begin, end = 5, nameMax - 6
	if len(id) <= nameMax {
		return string(id)
	}
	return string(id[:begin]) + "…" + string(id[len(id)-end:])
}

// cells returns how many places a text takes in a font of fixed width.
func cells(s string) (n int) {
	for _, r := range s {
		n += cell(r)
	}
	return n
}

// cell returns 2 for characters that may be wide. It rather returns too much than too little.
func cell(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.Is(unicode.Mn, r):
		return 0
	case r < 0x1100, r >= 0x2010 && r < 0x2028, r >= 0x2190 && r < 0x2300, r >= 0x2500 && r < 0x2600, r == '✗':
		return 1 // punctuation, arrows, mathematical signs and lines
	}
	return 2
}

// thousands writes a number with commas.
func thousands(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// count writes a number with its noun.
func count(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

// arrow writes a channel for a picture.
func arrow(c snapshot.Channel) string { return string(c.From) + "→" + string(c.To) }
