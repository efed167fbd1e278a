package config

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// lines finds the line of a place. The TOML library reveals the line of a key only in
// an error about it. So lines decodes the value into a type that refuses every value.
//
// In an array of tables the library knows only the lines of the last table. So the text
// is cut at the headers [[process]], and each process is decoded alone.
type lines struct {
	text      string // has been parsed without an error
	meta      toml.MetaData
	root      map[string]toml.Primitive // nil until a line is asked for
	processes []*lines                  // of each process, with one table [process]; nil until a line is asked for
	first     int                       // number of the first line of text, less 1
}

// of returns the line of the place. If it is unknown, of returns the line of the
// nearest table around the place, or 0.
func (l *lines) of(at place) int {
	if at.outer < 0 {
		return l.nearest(at.keys)
	}
	if !slices.Equal(at.keys, []string{"process"}) {
		return 0
	}
	if l.processes == nil {
		l.cut()
	}
	if at.outer >= len(l.processes) {
		return 0
	}
	one := l.processes[at.outer]
	if line := one.nearest(append([]string{"process"}, at.inner...)); line > 0 {
		return line
	}
	return one.first + 1
}

// nearest returns the line of the last of the keys that has one, or 0.
func (l *lines) nearest(keys []string) int {
	l.decode()
	for n := len(keys); n > 0; n-- {
		if line := l.find(keys[:n]); line > 0 {
			return l.first + line
		}
	}
	return 0
}

func (l *lines) decode() {
	if l.root == nil {
		l.root = map[string]toml.Primitive{} // if the text alone is no TOML
		l.meta, _ = toml.Decode(l.text, &l.root)
	}
}

func (l *lines) find(keys []string) int {
	table := l.root
	for _, key := range keys[:len(keys)-1] {
		value, ok := table[key]
		table = nil
		if !ok || l.meta.PrimitiveDecode(value, &table) != nil {
			return 0
		}
	}
	value, ok := table[keys[len(keys)-1]]
	if !ok {
		return 0
	}
	var parse toml.ParseError
	if errors.As(l.meta.PrimitiveDecode(value, &refusal{}), &parse) {
		return parse.Position.Line
	}
	return 0
}

var processHeader = regexp.MustCompile(`(?m)^[ \t]*\[\[[ \t]*(?:process|"process"|'process')[ \t]*\]\]`)

// cut sets l.processes. It leaves no process if the headers in the text are not one for
// each: the processes stand in one list, or a text of several lines contains a header.
func (l *lines) cut() {
	l.processes = []*lines{}
	l.decode()
	var tables []map[string]toml.Primitive
	headers := processHeader.FindAllStringIndex(l.text, -1)
	if l.meta.PrimitiveDecode(l.root["process"], &tables) != nil || len(headers) != len(tables) {
		return
	}
	first, counted := 0, 0
	for i, header := range headers {
		end := len(l.text)
		if i+1 < len(headers) {
			end = headers[i+1][0]
		}
		first += strings.Count(l.text[counted:header[0]], "\n")
		counted = header[0]
		l.processes = append(l.processes, &lines{text: "[process]" + l.text[header[1]:end], first: first})
	}
}

// refusal refuses every value.
type refusal struct{}

func (*refusal) UnmarshalTOML(any) error { return errors.New("refused") }
