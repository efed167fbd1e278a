package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
)

// Program is what a process runs.
type Program struct {
	// Kind is a bundled program or KindExec. No default, never empty.
	Kind string

	// settings are the program's other keys, as the TOML parser gives them.
	settings map[string]any
}

// Decode reads the program's own keys, all but kind, into the struct that
// settings points to. A field takes part if it has the tag toml, its key. The
// tag default is the value where the key is left out (without that tag the field
// stays as it is), min and max are what a number or a duration may be. Fields may
// be booleans, strings, numbers, durations, slices, maps by string, structs, and
// any for a value that is read later.
//
// It returns everything that is wrong, joined: unknown keys, wrong types, values
// out of range. Each error names its key.
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

// newProgram takes the merged keys of a program, which checkProgram found good.
func newProgram(keys map[string]any) Program {
	settings := maps.Clone(keys)
	delete(settings, "kind")
	return Program{Kind: keys["kind"].(string), settings: settings}
}

// merge gives the keys of a process's program: its own, if they have a kind,
// else its own over those that all processes share.
func merge(shared, own map[string]any) map[string]any {
	if _, ok := own["kind"]; ok {
		return own
	}
	keys := make(map[string]any, len(shared)+len(own))
	maps.Copy(keys, shared)
	maps.Copy(keys, own)
	return keys
}

// checkProgram reports a kind that is not there or is none, once for all
// processes that share it.
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
