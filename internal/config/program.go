package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
)

// Program names the program of a process and holds its settings.
type Program struct {
	// Kind is the name of a bundled program, KindExec, or any name for a program that
	// the caller makes, by default KindGo. Never empty.
	Kind string

	// settings are the other keys of the program, as the TOML parser returns them.
	settings map[string]any
}

// Decode reads the settings of the program, which are all its keys but kind, into the
// struct that settings points to. A field takes part if it has the tag toml, which is its
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

// newProgram returns the program with the given merged keys. Their kind must have passed
// checkProgram.
func newProgram(keys map[string]any) Program {
	settings := maps.Clone(keys)
	delete(settings, "kind")
	return Program{Kind: keys["kind"].(string), settings: settings}
}

// merge returns the keys of a process's program. If own has a kind, it replaces shared;
// otherwise its keys replace single keys of shared.
func merge(shared, own map[string]any) map[string]any {
	if _, ok := own["kind"]; ok {
		return own
	}
	keys := make(map[string]any, len(shared)+len(own))
	maps.Copy(keys, shared)
	maps.Copy(keys, own)
	return keys
}

// checkProgram reports a kind that is missing, empty or not a string. The fault of a
// shared kind is reported once.
func (fs *faults) checkProgram(at place, own, shared map[string]any) {
	kind, ok := own["kind"]
	if !ok {
		at = root().key("program")
		kind, ok = shared["kind"]
	}
	at = at.key("kind")
	text, isText := kind.(string)
	switch {
	case !ok:
		fs.add(at, `is missing: name a program, such as kind = "bank"`)
	case !isText:
		fs.wrongType(at, "a string", kind)
	case text == "":
		fs.add(at, `is empty: name a program, such as kind = "bank"`)
	}
}
