package config

import (
	"errors"

	"github.com/BurntSushi/toml"
)

// lines finds the line of a place. The TOML library reveals the line of a key only in
// an error about it. So lines decodes the value into a type that refuses every value.
// In an array of tables the library knows only the lines of the last table.
type lines struct {
	text string // has been parsed without an error
	meta toml.MetaData
	root map[string]toml.Primitive // nil until a line is asked for
}

// of returns the line of the place. If it is unknown, of returns the line of the
// nearest table around the place, or 0.
func (l *lines) of(at place) int {
	if at.outer >= 0 {
		return 0
	}
	if l.root == nil {
		l.meta, _ = toml.Decode(l.text, &l.root)
	}
	for n := len(at.keys); n > 0; n-- {
		if line := l.find(at.keys[:n]); line > 0 {
			return line
		}
	}
	return 0
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

// refusal refuses every value.
type refusal struct{}

func (*refusal) UnmarshalTOML(any) error { return errors.New("refused") }
