package bundled

import (
	"slices"
	"testing"

	"chandy/internal/clustertest"
)

func TestTheSchemaHasTheSettings(t *testing.T) {
	for definition, settings := range map[string]any{"bank": bankSettings{}, "token": tokenSettings{}, "philosophers": philosophersSettings{}, "diffusing": diffusingSettings{}, "kv": kvSettings{}} {
		for _, fault := range clustertest.SchemaFaults(definition, settings) {
			t.Error(fault)
		}
	}
}

func TestTheSchemaHasTheKinds(t *testing.T) {
	schema, err := clustertest.Schema("cluster.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range slices.Concat(kinds, []string{"other"}) {
		err := schema.Validate(map[string]any{
			"name":    "x",
			"process": []any{map[string]any{"id": "p1", "address": "127.0.0.1:7101"}},
			"program": map[string]any{"kind": kind},
		})
		if want := kind != "other"; (err == nil) != want {
			t.Errorf("%s: got %v, want no fault: %t", kind, err, want)
		}
	}
}
