package wire_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"chandy/internal/core"
)

// SPEC.md has numbers of the node too, which package wire does not know.
func TestSpecNumbersOfNode(t *testing.T) {
	spec, err := os.ReadFile("SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("It gives up when no answer has come after %.0f s.", core.HelloTimeout.Seconds()),
		fmt.Sprintf("The dialler must answer it within %.0f s of the beginning of its connection.", core.HelloTimeout.Seconds()),
		fmt.Sprintf("have not come within %.0f s.", core.HelloTimeout.Seconds()),
		fmt.Sprintf("When it has received nothing for %.1f s, it closes the connection.", core.DeadAfter.Seconds()),
		fmt.Sprintf("The sections of a part have at most %d GiB together", core.PartMax>>30),
	} {
		if !strings.Contains(string(spec), want) {
			t.Errorf("SPEC.md: got no sentence %q, want it", want)
		}
	}
}
