package config

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// A file takes memory and time in proportion to its length, whatever is in it.
func TestHostileFilesAreLinear(t *testing.T) {
	const head = "name = \"t\"\n[program]\nkind = \"bank\"\n"
	const process = "[[process]]\nid = \"p1\"\naddress = \"127.0.0.1:1\"\n"
	numbered := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, file := range map[string]func(n int) string{
		"keys":               func(n int) string { return numbered(n, "k%d = 1\n") },
		"keys of a program":  func(n int) string { return head + numbered(n, "k%d = 1\n") + process },
		"keys of a table":    func(n int) string { return numbered(n, "a.k%d = 1\n") },
		"tables":             func(n int) string { return numbered(n, "[t%d]\n") },
		"tables in a table":  func(n int) string { return numbered(n, "[a.t%d]\n") },
		"processes":          func(n int) string { return numbered(n, "[[process]]\nid = \"p%d\"\n") },
		"channels":           func(n int) string { return head + process + "channels = [" + numbered(n, "\"q%d\", ") + "]\n" },
		"one channel":        func(n int) string { return head + process + "channels = [" + strings.Repeat("\"p1\", ", n) + "]\n" },
		"arrays":             func(n int) string { return "a = " + strings.Repeat("[", n) + strings.Repeat("]", n) },
		"inline tables":      func(n int) string { return "a = " + strings.Repeat("{b = ", n) + "1" + strings.Repeat("}", n) },
		"parts of a key":     func(n int) string { return "a" + strings.Repeat(".a", n) + " = 1\n" },
		"parts of a header":  func(n int) string { return "[a" + strings.Repeat(".a", n) + "]\n" },
		"spaced parts":       func(n int) string { return "a" + strings.Repeat(" . \"a\"", n) + " = 1\n" },
		"a long key":         func(n int) string { return strings.Repeat("x", n) + " = 1\n" },
		"one key many times": func(n int) string { return strings.Repeat("a = 1\n", n) },
	} {
		allocated := func(n int) int {
			var before, after runtime.MemStats
			text := []byte(file(n))
			runtime.ReadMemStats(&before)
			_, err := Parse("f", text)
			runtime.ReadMemStats(&after)
			if faults, ok := err.(*Faults); ok && len(faults.List) > faultsMax {
				t.Errorf("%s: got %d faults, want at most %d", name, len(faults.List), faultsMax)
			}
			return int(after.TotalAlloc - before.TotalAlloc)
		}
		small, large := allocated(2000), allocated(16000)
		if most := 16*small + 1<<20; large > most {
			t.Errorf("%s: got %d bytes allocated for 16,000 and %d for 2,000, want at most %d", name, large, small, most)
		}
	}
}

// Dots and brackets in strings and comments do not count as depth.
func TestDepthOfFiles(t *testing.T) {
	dots, open := strings.Repeat(".", 100), strings.Repeat("[", 100)
	for text, want := range map[string]int{
		"":                                     0,
		"a = \"" + dots + open + "\"":          0,
		"a = '" + dots + open + "'":            0,
		"a = \"\\\"" + open + "\"":             0,
		"a = \"\"\"\n" + open + "\n\"\"\"":     0,
		"a = '''\n" + open + "\n'''":           0,
		"# " + dots + open:                     0,
		"# it's\na = 1\n# " + open:             0,
		strings.Repeat("a.b.c = [[1.5]]\n", 9): 0,
		"\na" + strings.Repeat(".a", 31):       0,
		"\na" + strings.Repeat(".a", 32):       2,
		"\n\na = " + strings.Repeat("[", 32):   0,
		"\n\na = " + strings.Repeat("[", 33):   3,
		"a = \"\"\"\n\n\"\"\"\nb = " + open:    4,
		"a = \"not closed\n" + open:            2,
		"a = '''not closed" + open:             0,
		"a = \"\\":                             0,
	} {
		if got := tooDeep(text); got != want {
			t.Errorf("%.40q: got line %d, want %d", text, got, want)
		}
	}
}
