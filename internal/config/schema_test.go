package config_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"chandy/internal/clustertest"
	"chandy/internal/config"
)

func TestTheSchemaHasTheKeysOfTheCode(t *testing.T) {
	for definition, table := range map[string]any{
		"": config.Definition{}, "process": config.ProcessDefinition{}, "network": config.Network{},
		"snapshot": config.Snapshot{}, "limits": config.Limits{}, "tls": config.TLS{},
	} {
		for _, fault := range clustertest.SchemaFaults(definition, table) {
			t.Error(fault)
		}
	}
}

func TestClusterFilesFitTheSchema(t *testing.T) {
	files, err := filepath.Glob("../../examples/*/cluster.toml")
	if err != nil || len(files) < 4 {
		t.Fatalf("got the files %q, error %v, want the examples", files, err)
	}
	for _, file := range append(files, "../../cluster.toml") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := fits(t, string(text)); err != nil {
			t.Errorf("%s: got %v, want no fault", file, err)
		}
	}
}

// Each change to a file must be a fault, or none, for the schema as for the code.
func TestTheSchemaAgreesWithTheCode(t *testing.T) {
	const file = `name = "bank"
[[process]]
id = "p1"
address = "127.0.0.1:7101"
# first
[program]
kind = "bank"
# settings
[network]
delay = "1m30.5s"
window = "64KiB"
`
	for _, c := range []struct {
		old, new string
		ok       bool
	}{
		{"", "", true},
		{`name = "bank"`, ``, false},
		{`"bank"`, `"Bank"`, false},
		{`name = "bank"`, `name = 3`, false},
		{`id = "p1"`, ``, false},
		{`id = "p1"`, `id = "c1"`, false},
		{`[[process]]`, `[process]`, false},
		{`address`, `adress`, false},
		{`7101`, ``, false},
		{`# first`, `channels = ["p1"]`, true},
		{`# first`, `channels = "p1"`, false},
		{`# first`, `channels = ["p1", "p1"]`, false},
		{`kind = "bank"`, ``, false},
		{`kind = "bank"`, `kind = ""`, false},
		{`kind = "bank"`, `node_command = ["./counter", "-v"]`, true},
		{`kind = "bank"`, `node_command = []`, false},
		{`kind = "bank"`, `node_command = "./counter"`, false},
		{`# settings`, `node_command = ["./counter"]`, true},
		{`kind = "bank"`, "kind = \"exec\"\ncommand = [\"cat\"]\nnode_command = [\"./counter\"]", false},
		{`[[process]]`, "[[process]]\nprogram = { kind = \"token\", holder = \"p1\" }", true},
		{`delay`, `dealy`, false},
		{`"1m30.5s"`, `"0"`, true},
		{`"1m30.5s"`, `50`, false},
		{`"1m30.5s"`, `"50"`, false},
		{`"64KiB"`, `"64 KiB"`, false},
		{`"64KiB"`, `"64KB"`, false},
		{`[network]`, "[snapshot]\nlimit = 0\n[network]", false},
		{`[network]`, "[snapshot]\nmarkers = \"behind\"\n[network]", false},
		{`[network]`, "[limits]\nmemory = \"2GiB\"\n[network]", true},
		{`[network]`, "[tls]\nca = \"a\"\ncert = \"{id}.crt\"\nkey = \"{id}.key\"\n[network]", true},
		{`[network]`, "[tls]\nca = \"a\"\ncert = \"b\"\nkey = \"c\"\nclient_cert = \"d\"\nclient_key = \"e\"\n[network]", true},
		{`[network]`, "[tls]\nca = \"a\"\ncert = \"b\"\nkey = \"c\"\nclient_cert = \"d\"\n[network]", false},
		{`[network]`, "[tls]\nca = \"a\"\ncert = \"b\"\n[network]", false},
		{`[network]`, "[tls]\nca = \"{id}\"\ncert = \"b\"\nkey = \"c\"\n[network]", false},
		{`[network]`, "[tls]\n[network]", false},
		{`[network]`, "[tls]\nca = \"a\"\ncert = \"b\"\nkey = \"c\"\n[network]\ninsecure = true", false},
	} {
		text := strings.Replace(file, c.old, c.new, 1)
		if err := fits(t, text); (err == nil) != c.ok {
			t.Errorf("%s: got %v from the schema, want no fault: %t", text, err, c.ok)
		}
		if _, err := config.Parse("cluster.toml", []byte(text)); (err == nil) != c.ok {
			t.Errorf("%s: got %v from the code, want no fault: %t", text, err, c.ok)
		}
	}
	// Package config does not know the settings of programs.
	for settings, ok := range map[string]bool{
		`balance = 5`: true, `balnce = 5`: false, `balance = -1`: false, `balance = "5"`: false, `command = ["cat"]`: false,
	} {
		if err := fits(t, strings.Replace(file, "# settings", settings, 1)); (err == nil) != ok {
			t.Errorf("%s: got %v, want no fault: %t", settings, err, ok)
		}
	}
	if err := fits(t, strings.Replace(file, `kind = "bank"`, `kind = "bnk"`, 1)); err == nil {
		t.Error("got no fault of an unknown kind, want one")
	}
}

// fits compares a cluster file with its schema.
func fits(t *testing.T, text string) error {
	t.Helper()
	var tree map[string]any
	if _, err := toml.Decode(text, &tree); err != nil {
		t.Fatal(err)
	}
	document, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	schema, err := clustertest.Schema("cluster.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value)
}
