package eval

import (
	"os"
	"strings"
	"testing"
)

func TestMutationsHaveTheRightAnswer(t *testing.T) {
	text, err := os.ReadFile("testdata/mutations.txt")
	if err != nil {
		t.Fatal(err)
	}
	mutations, blocks := 0, 0
	for _, block := range strings.Split(string(text), "\n\n")[1:] {
		lines := strings.Split(strings.TrimSpace(block), "\n")
		if blocks++; len(lines) < 11 {
			t.Errorf("%s: got %d mutations, want 10 at least", lines[0], len(lines)-1)
		}
		for _, line := range lines {
			want, expression := strings.TrimSpace(line[:13]), line[13:]
			got, _, _ := strings.Cut(ask(t, expression, cluster(), false), ":")
			if got != want {
				t.Errorf("%s: got %s, want %s (%s)", expression, got, want, ask(t, expression, cluster(), false))
			}
			mutations++
		}
	}
	if blocks != 10 {
		t.Errorf("got %d expressions, want 10", blocks)
	}
	t.Logf("%d expressions, %d with their mutations", blocks, mutations)
}
