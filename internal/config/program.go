package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
)

// Program names the program of a process and holds its settings.
type Program struct {
	// Kind is the name of a bundled program, KindExec, or any name for a program that
	// the caller makes, by default KindGo. Never empty.
	Kind string
	// NodeCommand is the command of a binary that hosts the program itself: its name and
	// its first arguments, to which flags and the id of a process are added. Nil for a
	// program that chandy runs. Otherwise not empty, and neither is its name.
	NodeCommand []string

	// settings are the other keys of the program, as the TOML parser returns them.
	settings map[string]any
	// own are the keys of the process itself; the other settings are of [program].
	own map[string]any
}

// Decode reads the settings of the program, which are all its keys but kind and
// node_command, into the struct that settings points to. A field takes part if it has the tag toml, which is its
// key. The tag default is the value if the key is left out; without that tag the field
// keeps its value. The tags min and max limit a number, a duration or a [Size], and oneof
// lists the permitted strings.
//
// A field may be a boolean, a string, a number, a duration, a Size, a slice, a map by
// string, a struct, or an any for a value that is decoded later.
//
// Decode returns all faults, joined: unknown keys, wrong types, values out of range.
// Each error names its key. Decode panics if settings is not a pointer to a struct.
func (p Program) Decode(settings any) error {
	v := reflect.ValueOf(settings)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("bug: settings are a %T, not a pointer to a struct", settings))
	}
	var fs faults
	fs.table(root(), p.settings, v.Elem())
	var errs []error
	for _, fault := range fs.sorted() {
		errs = append(errs, errors.New(fault.String()))
	}
	return errors.Join(errs...)
}

// newProgram returns the program of a process. The keys of the process and of [program]
// must have passed checkProgram.
func newProgram(shared, own map[string]any) Program {
	keys := merge(shared, own)
	p := Program{Kind: KindGo, settings: maps.Clone(keys), own: own}
	if kind, ok := keys["kind"]; ok {
		p.Kind = kind.(string)
	}
	if command, ok := keys["node_command"]; ok {
		for _, word := range command.([]any) {
			p.NodeCommand = append(p.NodeCommand, word.(string))
		}
	}
	delete(p.settings, "kind")
	delete(p.settings, "node_command")
	return p
}

// isOwn reports whether the process itself has the key, or must have it.
func (p Program) isOwn(key string) bool {
	_, own := p.own[key]
	return own || namesProgram(p.own)
}

// namesProgram reports whether keys name a program, and not only settings.
func namesProgram(keys map[string]any) bool {
	_, kind := keys["kind"]
	_, command := keys["node_command"]
	return kind || command
}

// merge returns the keys of a process's program. If own names a program, it replaces
// shared; otherwise its keys replace single keys of shared.
func merge(shared, own map[string]any) map[string]any {
	if namesProgram(own) {
		return own
	}
	keys := make(map[string]any, len(shared)+len(own))
	maps.Copy(keys, shared)
	maps.Copy(keys, own)
	return keys
}

// checkProgram reports a kind or a node_command that is missing, empty or of the wrong
// type. The faults of a shared program are reported once.
func (fs *faults) checkProgram(at place, own, shared map[string]any) {
	keys := own
	if !namesProgram(own) {
		at, keys = root().key("program"), shared
	}
	kind, named := keys["kind"]
	command, hosted := keys["node_command"]
	if hosted {
		fs.checkNodeCommand(at.key("node_command"), command)
	}
	at = at.key("kind")
	text, isText := kind.(string)
	switch {
	case !named && !hosted:
		fs.add(at, `is missing: name a program, such as kind = "bank"`)
	case !named:
	case !isText:
		fs.wrongType(at, "a string", kind)
	case text == "":
		fs.add(at, `is empty: name a program, such as kind = "bank"`)
	case text == KindExec && hosted:
		fs.add(at, `is "exec", whose children chandy runs: leave out either kind or node_command`)
	}
}

func (fs *faults) checkNodeCommand(at place, value any) {
	var command []string
	fs.value(at, value, reflect.ValueOf(&command).Elem(), "")
	if len(command) == 0 {
		fs.add(at, `is empty: name the binary, such as ["./counter"]`)
		return
	}
	if command[0] == "" {
		fs.add(at.index(0), "is empty: name the binary")
	}
	for i, word := range command {
		if strings.ContainsRune(word, 0) {
			fs.add(at.index(i), "must not contain a NUL")
		}
	}
}
