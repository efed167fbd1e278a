package command

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// forged begins a line that nobody but hostile text prints.
const forged = "FORGED"

const (
	// hostile is what others could write into any text: escape sequences, line ends, a
	// NUL, a C1 control, controls of the writing direction, and invisible characters.
	hostile = "\x1b[31m\x1b]0;title\a\r\n" + forged + "\x00\x7f\u009b2J\u202e\u2066\u200b\u2028\u2029\ufeff\U000E0041\t"
	// notUTF8 is what they could write where UTF-8 is not required.
	notUTF8 = "\xff\xc3(\xed\xa0\x80"
)

// checkPrinted fails if a character of a text is not printable, or if hostile text
// begins a line.
func checkPrinted(t *testing.T, what, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%s: got the line %q, want printable characters only", what, line)
		}
		if strings.HasPrefix(strings.TrimSpace(line), forged) {
			t.Errorf("%s: got the line %q, want no line that hostile text begins", what, line)
		}
	}
}

// output is a stream of a command. It is safe for concurrent use.
type output struct {
	mu     sync.Mutex
	text   bytes.Buffer
	ended  bool
	change *sync.Cond
}

func newOutput() *output {
	o := &output{}
	o.change = sync.NewCond(&o.mu)
	return o
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.change.Broadcast()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// end says that nothing more is written.
func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	o.change.Broadcast()
}

// patience is how long a test may wait for something that comes within seconds.
const patience = time.Minute

// await waits until a part is written. It fails if the stream ends without it, or if it
// does not come in time.
func (o *output) await(t *testing.T, part string) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	late := false
	defer time.AfterFunc(patience, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		late = true
		o.change.Broadcast()
	}).Stop()
	for !strings.Contains(o.text.String(), part) {
		if o.ended || late {
			t.Fatalf("got the output %q, want %q in it", o.text.String(), part)
		}
		o.change.Wait()
	}
}

// runPrinted runs chandy and checks both streams. It returns them and the exit code.
func runPrinted(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	stdout, stderr, code = runData(t, stdin, args...)
	checkPrinted(t, fmt.Sprintf("chandy %q: stdout", args), stdout)
	return stdout, stderr, code
}

// runData is runPrinted for a command with data on stdout, which is not checked.
func runData(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	out, errs := newOutput(), newOutput()
	code = Main(append([]string{"chandy"}, args...), strings.NewReader(stdin), out, errs)
	checkPrinted(t, fmt.Sprintf("chandy %q: stderr", args), errs.String())
	return out.String(), errs.String(), code
}

func writeFile(t *testing.T, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	writeTo(t, path, text)
	return path
}

func writeTo(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// Every string and key of a snapshot can be hostile.
func TestVerifyPrintsNothingThatItReadsUnescaped(t *testing.T) {
	for _, name := range []string{"complete.json", "partial.json"} {
		golden, err := os.ReadFile("../verify/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(string(golden), `"`) // those with an odd index are strings
		said := 0
		for i := 1; i < len(parts); i += 2 {
			for _, text := range []string{jsonText(hostile), "a" + notUTF8, "p\u202e\u009bq"} {
				changed := slices.Clone(parts)
				changed[i] = text
				stdout, stderr, _ := runPrinted(t, strings.Join(changed, `"`), "verify", "-")
				said += strings.Count(stdout+stderr, forged)
			}
		}
		if said < 20 {
			t.Errorf("%s: got hostile text in %d places of the output, want it in 20 at least", name, said)
		}
	}
}

// jsonText is hostile text as a JSON string without its quotes: what JSON does not
// require to be escaped stands as it is.
func jsonText(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if c < ' ' {
			fmt.Fprintf(&b, `\u%04x`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Every key and value of a cluster file can be hostile, and so can its path.
func TestValidatePrintsNothingThatItReadsUnescaped(t *testing.T) {
	const file = `name = "bank"
[[process]]
id = "p1"
address = "127.0.0.1:7101"
channels = ["p2"]
[process.program]
kind = "exec"
command = ["true"]
env = { A = "b" }
state = "none"
[[process]]
id = "p2"
address = "127.0.0.1:7102"
program = { kind = "bank", seed = 1 }
[network]
delay = "1ms"
window = "1MiB"
[snapshot]
markers = "ahead"
`
	words := []string{"name", "bank", "process", "p1", "address", "127.0.0.1:7101", "channels", "kind", "exec", "command", "true",
		"env", "A", "b", "state", "none", "network", "delay", "1ms", "window", "1MiB", "snapshot", "markers", "ahead", "program", "seed"}
	said := 0
	check := func(path, text string) {
		writeTo(t, path, text)
		stdout, stderr, code := runPrinted(t, "", "validate", "--cluster", path)
		said += strings.Count(stdout+stderr, forged)
		if code != exitUsage && code != exitYes {
			t.Errorf("got exit code %d for %q, want %d or %d", code, text, exitUsage, exitYes)
		}
	}
	path := filepath.Join(t.TempDir(), "cluster.toml")
	for _, word := range words {
		for _, text := range []string{hostile, hostile + notUTF8, "a\u202e\u009b" + forged} {
			check(path, strings.ReplaceAll(file, `"`+word+`"`, `"`+tomlText(text)+`"`)) // a value
			check(path, strings.ReplaceAll(file, word+" =", `"`+tomlText(text)+`" =`))  // a key
			check(path, strings.ReplaceAll(file, word+"]", `"`+tomlText(text)+`"]`))    // a table
			check(path, strings.ReplaceAll(file, word, text))                           // a syntax error
		}
	}
	check(path, file+"[a]\n\""+tomlText(hostile)+"\" = 1\n\""+tomlText(hostile)+"\" = 2\n") // a key twice
	check(filepath.Join(t.TempDir(), strings.ReplaceAll(hostile, "\x00", "")), "name = 1\n[a")
	if said < 50 {
		t.Errorf("got hostile text in %d places of the output, want it in 50 at least", said)
	}
}

// tomlText is hostile text as a TOML string without its quotes.
func tomlText(text string) string { return strings.ReplaceAll(jsonText(text), "\x7f", `\u007f`) }
