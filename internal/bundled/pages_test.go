package bundled

import (
	"os"
	"strings"
	"testing"

	"chandy/internal/config"
)

// The cluster files in the pages for teachers are right. Each stands in the page as a block
// that is indented by four spaces and begins with the name.
func TestTheClusterFilesOfThePagesAreRight(t *testing.T) {
	for page, processes := range map[string]int{"bank": 3, "token": 3, "philosophers": 5, "diffusing": 3} {
		text, err := os.ReadFile("../../docs/" + page + ".md")
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), "\n    name = ")
		block, _, found := strings.Cut("    name = "+rest, "\n\n")
		if !found {
			t.Errorf("%s.md: got no cluster file, want one", page)
			continue
		}
		cluster, err := config.Parse("cluster.toml", []byte(strings.ReplaceAll("\n"+block, "\n    ", "\n")))
		if err != nil {
			t.Errorf("%s.md: %v", page, err)
			continue
		}
		if n := len(cluster.Processes); n != processes || cluster.Processes[0].Program.Kind != page {
			t.Errorf("%s.md: got %d processes of kind %s, want %d of kind %s", page, n, cluster.Processes[0].Program.Kind, processes, page)
		}
		for _, p := range cluster.Processes {
			if _, err := New(cluster, p); err != nil {
				t.Errorf("%s.md: %s: %v", page, p.ID, err)
			}
		}
	}
}
