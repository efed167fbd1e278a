package bundled

import (
	"testing"

	"chandy/internal/clustertest"
)

func TestTheSchemaHasTheSettings(t *testing.T) {
	for definition, settings := range map[string]any{"bank": bankSettings{}, "token": tokenSettings{}, "kv": kvSettings{}} {
		for _, fault := range clustertest.SchemaFaults(definition, settings) {
			t.Error(fault)
		}
	}
}
