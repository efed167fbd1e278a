package store_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"chandy/internal/saved"
	"chandy/internal/store"
	"chandy/internal/store/storetest"
)

var rewrite = flag.Bool("rewrite", false, "write the examples of docs/store.md")

// TestExamplesOfTheDocumentationAreTrue compares the examples of docs/store.md with what
// the code writes:
//
//	go test ./internal/store -run Documentation -rewrite
func TestExamplesOfTheDocumentationAreTrue(t *testing.T) {
	const page = "../../docs/store.md"
	text, err := os.ReadFile(page)
	must(t, err)
	examples := documented(t)
	mark := regexp.MustCompile(`(?m)^<!-- example: (\w+) -->\n(?:\n(?:    .*\n)+)?`)
	made := mark.ReplaceAllFunc(text, func(old []byte) []byte {
		name := string(mark.FindSubmatch(old)[1])
		example, ok := examples[name]
		if !ok {
			t.Errorf("the page has an example %q that the test does not make", name)
			return old
		}
		delete(examples, name)
		var b bytes.Buffer
		b.WriteString("<!-- example: " + name + " -->\n\n")
		for line := range strings.Lines(example) {
			b.WriteString("    " + line)
		}
		if !*rewrite && b.String() != string(old) {
			t.Errorf("example %s (-rewrite replaces it): got\n%swant\n%s", name, old, b.String())
		}
		return b.Bytes()
	})
	for name := range examples {
		t.Errorf("the page lacks the example %q", name)
	}
	if *rewrite {
		must(t, os.WriteFile(page, made, 0o644))
	}
}

// documented makes the store of docs/store.md, and returns the examples by name.
func documented(t *testing.T) map[string]string {
	const first, second, third = "20261122T073525123456Z-k3m9x2q7ab", "20261122T073555123460Z-a7c2n5x8yz", "20261122T073625123471Z-p4q8r2s6tu"
	m := new(storetest.Memory)
	s := store.New(m.Open(nil), "bank")
	_, err := s.Create("20261122T073519000000Z-ayeq3nkbeh")
	must(t, err)
	must(t, save(s, 1, first, ""))
	must(t, save(s, 1, second, "before-upgrade"))
	must(t, s.Keep(first, 2))
	_, _, err = s.Decide(commit(t, s, 2, first))
	must(t, err)
	must(t, s.Resume(2))
	objects := strings.Join(m.Names(), "\n") + "\n"
	number, err := s.Take(saved.Taken{Epoch: 2, ID: third, By: node1, TimeoutMS: 10000})
	must(t, err)
	must(t, s.Abandon(2, number, "the part of p2 did not come within 10 s", saved.Node{Process: "p2", Incarnation: "i2"}))
	must(t, s.Remove(second, true))
	must(t, s.End(saved.Ending{
		Epoch: 2, By: saved.Node{Process: "p2", Incarnation: "i2"}, AfterMS: 412, Why: "child exited: exit status 1",
		Handling: []saved.Handled{{From: "p1", Seq: 119, InBase: true}},
	}))
	part := m.Content("snapshots/" + first + "/parts/p1")
	index := part[bytes.LastIndexByte(part[:len(part)-1], '\n')+1:]
	return map[string]string{
		"objects":   objects,
		"store":     string(m.Content("chandy-store")),
		"index":     indented(t, index),
		"manifest":  indented(t, record(t, m.Content("snapshots/"+first+"/manifest"))),
		"taken":     string(record(t, m.Content("numbers/2/1"))) + "\n",
		"abandoned": string(record(t, m.Content("snapshots/"+third+"/manifest"))) + "\n",
		"fate":      string(record(t, m.Content("fate/"+first+".1"))) + "\n" + string(record(t, m.Content("fate/"+second+".1"))) + "\n",
		"ending":    string(record(t, m.Content("endings/2/p2"))) + "\n",
		"decision":  indented(t, record(t, m.Content("epochs/2"))),
	}
}

func record(t *testing.T, sealed []byte) []byte {
	var frame struct{ Record json.RawMessage }
	must(t, json.Unmarshal(sealed, &frame))
	return frame.Record
}

// indented returns JSON as jq prints it.
func indented(t *testing.T, text []byte) string {
	var b bytes.Buffer
	must(t, json.Indent(&b, bytes.TrimSpace(text), "", "  "))
	return b.String() + "\n"
}
