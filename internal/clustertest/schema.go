package clustertest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"chandy/internal/config"
)

// docsFile returns the path of a file in docs.
func docsFile(name string) (string, error) {
	root, err := os.Getwd()
	for ; err == nil && root != filepath.Dir(root); root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
	}
	return filepath.Join(root, "docs", name), err
}

// Schema compiles a JSON schema of docs.
func Schema(name string) (*jsonschema.Schema, error) {
	path, err := docsFile(name)
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	return c.Compile(path)
}

// property is what a schema says about a key. Its pointers are nil if it says nothing.
type property struct {
	Ref         string `json:"$ref"`
	Type        string
	Enum        []string
	Default     any
	Minimum     *float64
	Maximum     *float64
	Description string
}

// SchemaFaults compares a table of the cluster file, which the Go struct settings holds,
// with its definition in docs/cluster.schema.json, or with the root of the schema if the
// definition is empty. It returns the differences.
func SchemaFaults(definition string, settings any) []string {
	type object struct {
		Properties map[string]property
		Defs       map[string]object `json:"$defs"`
	}
	var found object
	path, err := docsFile("cluster.schema.json")
	if err != nil {
		return []string{err.Error()}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return []string{err.Error()}
	}
	if err := json.Unmarshal(text, &found); err != nil {
		return []string{err.Error()}
	}
	if definition != "" {
		found = found.Defs[definition]
	}
	var faults []string
	for _, field := range reflect.VisibleFields(reflect.TypeOf(settings)) {
		key := field.Tag.Get("toml")
		got, ok := found.Properties[key]
		if !ok {
			faults = append(faults, fmt.Sprintf("%s: got no key %s, want one", definition, key))
			continue
		}
		for _, fault := range got.faults(field) {
			faults = append(faults, fmt.Sprintf("%s.%s: %s", definition, key, fault))
		}
		delete(found.Properties, key)
	}
	for key := range found.Properties {
		faults = append(faults, fmt.Sprintf("%s: got the key %s, want none", definition, key))
	}
	return faults
}

// texts are the definitions of values that are strings in a cluster file.
var texts = map[reflect.Type]string{reflect.TypeFor[time.Duration](): "#/$defs/duration", reflect.TypeFor[config.Size](): "#/$defs/size"}

// faults returns how a property differs from the field of a struct and its tags.
func (p property) faults(field reflect.StructField) (faults []string) {
	compare := func(what string, got, want any) {
		if !reflect.DeepEqual(got, want) {
			faults = append(faults, fmt.Sprintf("got the %s %v, want %v", what, got, want))
		}
	}
	tag := field.Tag
	low, high, oneOf := tag.Get("min"), tag.Get("max"), tag.Get("oneof")
	switch t := field.Type; {
	case texts[t] != "":
		compare("type", p.Ref, texts[t])
		if limits := "from " + low + " to " + high; !strings.Contains(p.Description, limits) {
			faults = append(faults, fmt.Sprintf("got the description %q, want %q in it", p.Description, limits))
		}
	case oneOf != "":
		compare("values", p.Enum, strings.Fields(oneOf))
	case p.Ref == "": // a reference to a table or an id has a test of its own
		names := map[reflect.Kind]string{
			reflect.Int: "integer", reflect.Int64: "integer", reflect.Float64: "number", reflect.Bool: "boolean",
			reflect.String: "string", reflect.Slice: "array", reflect.Map: "object",
		}
		compare("type", p.Type, names[t.Kind()])
		compare("minimum", number(p.Minimum), low)
		compare("maximum", number(p.Maximum), high)
	}
	value := ""
	switch d := p.Default.(type) {
	case nil:
	case float64:
		value = number(&d)
	default:
		value = fmt.Sprint(d)
	}
	compare("default", value, tag.Get("default"))
	if p.Description == "" {
		faults = append(faults, "got no description, want one")
	}
	return faults
}

// number formats a limit as a tag has it. Without a limit it is empty.
func number(n *float64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatFloat(*n, 'f', -1, 64)
}
