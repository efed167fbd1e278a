package command

import (
	"chandy/internal/clustertest"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever a child prints, on stdout or stderr, a log and an error show it escaped.
func TestWhatAChildPrintsIsShownEscaped(t *testing.T) {
	text := strings.ReplaceAll(hostile, "\x00", "") // no argument can have a NUL
	lines := "a" + hostile + notUTF8 + "\n"
	messages := strings.ReplaceAll(`{"src":"TEXT","dest":"TEXT","body":{"type":"TEXT","msg_id":1}}
{"src":"TEXT","dest":"c9","body":{"type":"TEXT","in_reply_to":"TEXT"}}
{"src":"TEXT","dest":"p1","body":"TEXT"}
{"dest":"c0","body":{"type":"error","code":1,"text":"TEXT"}}
`, "TEXT", jsonText(hostile))
	refusal := `{"dest":"c0","body":{"type":"error","in_reply_to":1,"text":"` + jsonText(hostile) + `"}}` + "\n"
	const ready = `read line; echo '{"dest":"c0","body":{"type":"init_ok","in_reply_to":1}}'; `
	for name, c := range map[string]struct{ script, printed, more string }{
		"bad line":     {"cat printed >&2; cat printed; read line", lines, ""},
		"dropped line": {"cat printed >&2; cat printed; exit 1", lines, `on_bad_line = "drop"`},
		"refusal":      {"read line; cat printed; read line", refusal, ""},
		"messages":     {ready + "cat printed; exit 1", messages, ""},
		"cut":          {ready + "cat printed >&2; printf '%s' \"$0\"; exit 1", lines, ""},
	} {
		for _, format := range []string{"json", "console"} {
			t.Run(name+" "+format, func(t *testing.T) {
				path := writeFile(t, "cluster.toml", fmt.Sprintf(
					"name = \"one\"\n[[process]]\nid = \"p1\"\naddress = \"127.0.0.1:%s\"\n[program]\nkind = \"exec\"\ncommand = [\"sh\", \"-c\", %s, \"%s\"]\n%s\n",
					clustertest.FreePort(), "'''"+c.script+"'''", tomlText(text), c.more))
				writeTo(t, filepath.Join(filepath.Dir(path), "printed"), c.printed)
				n := startNode(t, path, format)
				n.stderr.await(t, "chandy: error: p1 stopped: ")
				log, code := n.stop(t)
				if code != exitUnknown {
					t.Errorf("got exit code %d, want %d", code, exitUnknown)
				}
				checkPrinted(t, "log", log)
				if got := strings.Count(log, forged); got < 2 { // the command, and what it printed
					t.Errorf("got hostile text %d times in %s, want it 2 times at least", got, log)
				}
			})
		}
	}
	path := writeFile(t, "printed", lines)
	stdout, stderr, _ := runPrinted(t, "", "try", "--verbose", "--timeout", "1s", "--", "sh", "-c", "cat "+path+" >&2; cat "+path)
	if !strings.Contains(stdout, forged) || !strings.Contains(stderr, forged) {
		t.Errorf("chandy try: got %q and %q, want hostile text in both", stdout, stderr)
	}
}
