package child

import (
	"testing"

	"chandy/internal/clustertest"
)

func TestTheSchemaHasTheSettings(t *testing.T) {
	for _, fault := range clustertest.SchemaFaults("exec", settings{}) {
		t.Error(fault)
	}
}
