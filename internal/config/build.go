package config

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
)

// KindGo is the kind of a program for which none is named: the caller of [Build] makes
// the program itself, or node_command names a binary that does.
const KindGo = "go"

// Build checks a cluster that is defined in code, as Parse checks a file: the same
// keys, limits and defaults. A field with its zero value counts as left out. Build
// copies what it needs; later changes of d have no effect on the result. An error is
// a [*Faults] that names every faulty value by its place in a cluster file.
func Build(d Definition) (*Cluster, error) {
	var fs faults
	off := d.Snapshot.Journal == JournalOff
	if off {
		d.Snapshot.Journal = 0
	}
	tree := fs.tree(root(), reflect.ValueOf(d))
	if off {
		table, _ := tree["snapshot"].(map[string]any)
		if table == nil {
			table = map[string]any{}
			tree["snapshot"] = table
		}
		table["journal"] = int64(0)
	}
	program, _ := tree["program"].(map[string]any)
	if program == nil {
		program = map[string]any{}
		tree["program"] = program
	}
	if _, given := program["kind"]; !given {
		program["kind"] = KindGo
	}
	return fs.build("", tree)
}

// build decodes and checks the tree of a cluster, as the TOML parser returns it.
func (fs *faults) build(path string, tree map[string]any) (*Cluster, error) {
	var d Definition
	fs.table(root(), tree, reflect.ValueOf(&d).Elem())
	if table, ok := tree["tls"].(map[string]any); ok && len(table) == 0 {
		fs.add(root().key("tls"), "is empty: [tls] needs ca, cert and key")
	}
	if n := &d.Network; n.OutboxTotalHigh == 0 {
		n.OutboxTotalHigh = n.OutboxTotal / 2
	}
	if s := &d.Snapshot; s.Recover == "" {
		s.Recover = RecoverOff
		if s.Every > 0 {
			s.Recover = RecoverLatest
		}
	}
	fs.checkDefinition(d)
	if err := fs.err(path); err != nil {
		return nil, err
	}
	c := d.cluster(path)
	c.lines = fs.lines
	return c, nil
}

// tree converts a struct to the tree that the TOML parser returns for the same
// values. Fields with their zero value are left out.
func (fs *faults) tree(at place, from reflect.Value) map[string]any {
	tree := map[string]any{}
	for i := range from.NumField() {
		key, field := from.Type().Field(i).Tag.Get("toml"), from.Field(i)
		if field.IsZero() {
			continue
		}
		switch value := field.Interface().(type) {
		case []ProcessDefinition:
			tree[key] = fs.processTrees(value)
		case Network, Snapshot, Limits, TLS:
			tree[key] = fs.tree(at.key(key), field)
		default:
			tree[key] = fs.plain(at.key(key), field)
		}
	}
	return tree
}

func (fs *faults) processTrees(processes []ProcessDefinition) []any {
	trees := make([]any, len(processes))
	for i, p := range processes {
		trees[i] = fs.tree(processPlace(i, p), reflect.ValueOf(p))
	}
	return trees
}

// plain converts a Go value to what the TOML parser returns for the same value. It
// copies slices and maps. For a value that it reports it returns the empty string.
func (fs *faults) plain(at place, v reflect.Value) any {
	switch {
	case !v.IsValid():
		fs.add(at, "is nil: leave the key out")
	case v.Kind() == reflect.Interface:
		return fs.plain(at, v.Elem())
	case v.Type() == durationType, v.Type() == sizeType:
		return fmt.Sprint(v)
	case v.Kind() == reflect.String:
		return v.String()
	case v.Kind() == reflect.Bool:
		return v.Bool()
	case v.CanInt():
		return v.Int()
	case v.CanUint() && v.Uint() <= math.MaxInt64:
		return int64(v.Uint())
	case v.CanUint():
		fs.add(at, "must be at most %d, not %d", int64(math.MaxInt64), v.Uint())
	case v.CanFloat():
		return v.Float()
	case v.Kind() == reflect.Slice:
		elements := make([]any, v.Len())
		for i := range elements {
			elements[i] = fs.plain(at.index(i), v.Index(i))
		}
		return elements
	case v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		table := make(map[string]any, len(keys))
		for _, key := range keys {
			table[key.String()] = fs.plain(at.key(key.String()), v.MapIndex(key))
		}
		return table
	default:
		fs.add(at, "must be a string, a boolean, a number, a duration, a slice or a map by string, not a %s", v.Type())
	}
	return ""
}
