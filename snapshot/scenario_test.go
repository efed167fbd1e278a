package snapshot

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write what scenarios print into their files in testdata")

// TestScenario plays testdata/*.txt, stories of whole clusters with markers in order.
// The commands are described in scenario_command_test.go.
func TestScenario(t *testing.T) {
	playFiles(t, "testdata/*.txt", func() func(string) ([]string, error) { return new(story).command })
}

// playFiles plays the stories that the pattern names. A story is a file with a
// comment that says which claim it shows, and commands that choose the schedule, one
// a line. Under each command stands, indented, what it prints. For each story, begin
// returns a function that carries out one command.
//
//	go test ./snapshot -run Scenario -rewrite
//
// writes the indented lines anew. Then read the difference.
func playFiles(t *testing.T, pattern string, begin func() func(line string) ([]string, error)) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, error %v, want at least one", pattern, len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			played := play(t, file, string(text), begin())
			if *rewrite && played != string(text) {
				if err := os.WriteFile(file, []byte(played), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// play runs a story and returns it with what the commands print now.
func play(t *testing.T, file, text string, command func(line string) ([]string, error)) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	var out []string
	for i := 0; i < len(lines); {
		line := lines[i]
		out = append(out, line)
		at := fmt.Sprintf("%s:%d: %s", file, i+1, line)
		i++
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if strings.HasPrefix(line, indent) {
			t.Fatalf("%s: stands under no command", at)
		}
		first := i
		for i < len(lines) && strings.HasPrefix(lines[i], indent) {
			i++
		}
		printed, err := command(line)
		if err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		for j := range printed {
			printed[j] = indent + printed[j]
		}
		if want := lines[first:i]; !*rewrite && !slices.Equal(printed, want) {
			t.Errorf("%s\nprinted\n%s\nexpected\n%s\n(-rewrite puts it into the file)", at, strings.Join(printed, "\n"), strings.Join(want, "\n"))
		}
		out = append(out, printed...)
	}
	return strings.Join(out, "\n") + "\n"
}

const indent = "  "
