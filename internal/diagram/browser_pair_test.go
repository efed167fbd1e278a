package diagram

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// checkPair opens the picture of two snapshots, and moves from one to the other.
func (b browser) checkPair(t *testing.T, dir string) {
	first := sample{processes: 5, steps: 100, seed: 9, at: 30, journal: true, deliver: 40}
	second := first
	second.at += 6
	p := NewPair(read(t, first.document(t)), read(t, second.document(t)), [2]Options{})
	html := written(t, func(w *strings.Builder) error { return PairHTML(w, p) })
	b.checkForms(t, dir, "pair", drawn(t, p.Layout()), html)

	b.open(t, "file://"+filepath.Join(dir, "pair.html"), "light", 1280)
	want := func(when, expression, want string) {
		t.Helper()
		if got := b.text(t, expression); got != want {
			t.Errorf("a pair %s: got %q of %s, want %q", when, got, expression, want)
		}
	}
	const what = "document.getElementById('what').textContent"
	press := func(keys string) { t.Helper(); do(t, b, chromedp.KeyEvent(keys)) }
	press("c")
	want("after c", what, "A: p01 records its state: "+p.rowTexts(0, 0))
	want("after c, its counterpart", "document.querySelector('#logical .r[data-e=\""+fmt.Sprint(p.recordingOfB(0))+"\"]').classList.contains('dim')", "false")
	for range 40 { // through all events of p01 in A
		press(kb.ArrowRight)
	}
	want("after many right arrows", what+".slice(0, 7)", "B: p01 ")
	press("c")
	want("after c in B", what, "B: p01 records its state: "+p.rowTexts(0, 1))
	press(kb.ArrowUp)
	want("after the arrow up in the first lane of B", what+".slice(0, 7)", "B: p01 ")
	press(kb.ArrowDown)
	want("after the arrow down", what+".slice(0, 7)", "B: p02 ")

	// A message that is in flight in both shows its counterpart.
	m := slices.IndexFunc(p.Stories[0].Messages, func(m Message) bool { return m.Sign == Same })
	twin := p.twins(0, p.Stories[0].Messages[m])[0]
	b.open(t, fmt.Sprintf("file://%s?#message=%d", filepath.Join(dir, "pair.html"), m), "light", 1280)
	want("with a message", what+".endsWith(', in flight in A and in B')", "true")
	want("with a message", fmt.Sprintf("document.querySelector('#logical g[data-m=\"%d\"]').classList.contains('dim')", twin), "false")
	want("with a message", "document.querySelectorAll('#logical .dim').length > 5", "true")
	want("after all", watched, "")
}

// recordingOfB returns the index of the recording of a lane in the second half of a page.
func (p *Pair) recordingOfB(lane int) int {
	s := p.Stories[1]
	at := slices.IndexFunc(s.Lanes[lane].Events, func(i int) bool { return s.Events[i].Kind == Recorded })
	return len(p.Stories[0].Events) + s.Lanes[lane].Events[at]
}
