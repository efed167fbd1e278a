package config

import (
	"errors"

	"github.com/BurntSushi/toml"
)

// lines tells on which line a place is. The TOML library knows the lines of keys
// and tells them only in an error about one; so lines has it decode a value into
// a type that takes none. For the tables of an array it knows only the last.
type lines struct {
	text string // parsed before without an error
	meta toml.MetaData
	root map[string]toml.Primitive // nil until a line is asked for
}

// of gives the line of the place, else that of the nearest table around it, else 0.
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

// refusal is a type that can hold no value.
type refusal struct{}

func (*refusal) UnmarshalTOML(any) error { return errors.New("refused") }
