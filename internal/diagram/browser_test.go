package diagram

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"chandy/internal/printable"
)

var shots = flag.String("shots", "", "directory for screenshots of the pages that the browser opens")

// browser is one tab of a headless Chromium.
type browser struct{ context.Context }

// newBrowser starts the browser, or skips the test if there is none.
func newBrowser(t *testing.T) browser {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("pictures are not opened in a browser: chromium is not installed")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.WSURLReadTimeout(time.Minute))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	// The deadline is for a page that waits for a dialog, for example.
	deadline, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	t.Cleanup(cancel)
	allocated, cancel := chromedp.NewExecAllocator(deadline, options...)
	t.Cleanup(cancel)
	tab, cancel := chromedp.NewContext(allocated)
	t.Cleanup(cancel)
	b := browser{tab}
	call(t, b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watch})
	return b
}

// watch runs before the scripts of each page. It notes every error, and everything that the
// page may not load.
const watch = `window.faults = [];
for (const kind of ['error', 'unhandledrejection', 'securitypolicyviolation'])
	window.addEventListener(kind, (e) => window.faults.push(kind + ': ' + (e.message || e.reason || e.blockedURI)), true);
for (const kind of ['error', 'warn', 'log'])
	console[kind] = (...words) => window.faults.push(kind + ': ' + words.join(' '));`

// watched returns the errors of a page, and what it has loaded.
const watched = `window.faults.concat(performance.getEntriesByType('resource').map((e) => 'loaded ' + e.name)).join('\n')`

func do(t *testing.T, b browser, action chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b, action); err != nil {
		t.Fatal(err)
	}
}

func call[P, R any](t *testing.T, b browser, command cdp.Command[P, R], params P) {
	t.Helper()
	do(t, b, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	}))
}

// text returns the value of an expression of JavaScript.
func (b browser) text(t *testing.T, expression string) string {
	t.Helper()
	value, err := chromedp.Run(b, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// open opens a file in a scheme of colours and a width.
func (b browser) open(t *testing.T, url, scheme string, width int64) {
	t.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	call(t, b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
	call(t, b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 800, DeviceScaleFactor: 1})
	do(t, b, chromedp.Navigate("about:blank"))
	do(t, b, chromedp.Navigate(url))
}

// visible is what must be true of each text that is shown. It returns what is not.
const visible = `(() => {
	const faults = [], cut = document.querySelector('svg');
	for (const text of document.querySelectorAll('text')) {
		const svg = text.closest('svg'), box = text.getBoundingClientRect(), whole = svg.getBoundingClientRect();
		if (whole.width === 0) continue; // the other view
		const size = parseFloat(getComputedStyle(text).fontSize);
		const say = (what) => faults.push(text.textContent + ': ' + what);
		if (size < 11 || whole.width < 1279) say('font of ' + size + ' px in a picture of ' + whole.width);
		if (box.width < 1 || box.height < 8) say('not visible');
		if (box.left < whole.left || box.right > whole.right + 1 || box.top < whole.top || box.bottom > whole.bottom) say('outside');
	}
	return faults.slice(0, 5).join('\n');
})()`

// TestPicturesInABrowser opens each picture in one browser: nothing is fetched, nothing is
// wrong, and all texts can be read.
func TestPicturesInABrowser(t *testing.T) {
	b := newBrowser(t)
	dir := t.TempDir()
	for name, s := range map[string]sample{
		"3":  {processes: 3, steps: 60, seed: 1, journal: true},
		"12": {processes: 12, steps: 400, seed: 2, journal: true, deliver: 60},
		"30": {processes: 30, steps: 2000, seed: 3, journal: true, deliver: 52},
	} {
		d := read(t, s.document(t))
		var text strings.Builder
		if err := HTML(&text, NewStory(d, Options{})); err != nil {
			t.Fatal(err)
		}
		b.checkForms(t, dir, name, drawn(t, NewStory(d, Options{}).Layout()), text.String())
	}
	b.checkHostile(t, dir)
	b.checkPage(t, "file://"+filepath.Join(dir, "3.html"))
	b.checkPair(t, dir)
}

// checkForms opens an SVG file and a page in each scheme of colours and width.
func (b browser) checkForms(t *testing.T, dir, name, svg, html string) {
	for form, content := range map[string]string{"svg": svg, "html": html} {
		file := filepath.Join(dir, name+"."+form)
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{1280, 400} {
				what := fmt.Sprintf("%s-%s-%s-%d", name, form, scheme, width)
				b.open(t, "file://"+file, scheme, width)
				if faults := b.text(t, visible); faults != "" {
					t.Errorf("%s: got the texts\n%s", what, faults)
				}
				if got, want := b.text(t, "getComputedStyle(document.querySelector('.bg')).fill"), map[string]string{"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}[scheme]; got != want {
					t.Errorf("%s: got the background %s, want %s", what, got, want)
				}
				cut := "(x => x > 0 && x < innerWidth)(document.querySelector('.cut').getBoundingClientRect().x)"
				if form == "html" && b.text(t, cut) != "true" {
					t.Errorf("%s: got a page whose cut is not in the window", what)
				}
				if faults := b.text(t, watched); faults != "" {
					t.Errorf("%s: got\n%s\nwant no error, and nothing loaded", what, faults)
				}
				b.shoot(t, what)
			}
		}
	}
}

// shoot writes a screenshot if the flag asks for it.
func (b browser) shoot(t *testing.T, name string) {
	if *shots == "" {
		return
	}
	png, err := chromedp.Run(b, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*shots, name+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}

// checkHostile opens a page whose payloads and states would be markup.
func (b browser) checkHostile(t *testing.T, dir string) {
	for i, text := range hostile {
		s := NewStory(read(t, hostileSample(text).document(t)), Options{})
		var page strings.Builder
		if err := HTML(&page, s); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "hostile.html")
		if err := os.WriteFile(file, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		m := slices.IndexFunc(s.Messages, func(m Message) bool { return m.Class == InFlight })
		b.open(t, fmt.Sprintf("file://%s?%d#message=%d", file, i, m), "light", 1280)
		if got := b.text(t, "document.scripts.length + ' scripts, ' + document.images.length + ' images, ' + "+watched); got != "2 scripts, 0 images, " {
			t.Errorf("%q: got %s, want 2 scripts and nothing else", text, got)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, s.Messages[m].Payloads[0]); err != nil {
			t.Fatal(err)
		}
		if got, want := b.text(t, "document.querySelector('#list li').textContent"), printable.Text(compact.String()); got != want {
			t.Errorf("%q: got the payload %q, want %q", text, got, want)
		}
		label := fmt.Sprintf("document.querySelector('#logical text[data-m=\"%d\"]').textContent", m)
		if got, want := b.text(t, label), s.labelOf(m); got != want {
			t.Errorf("%q: got the label %q, want %q", text, got, want)
		}
	}
}

// labelOf returns the label of a message as a picture has it.
func (s *Story) labelOf(message int) string {
	l := layout{Story: s}
	return printable.Text(l.labelText(s.Messages[message]))
}

// checkPage uses the keyboard and the searches of a page.
func (b browser) checkPage(t *testing.T, url string) {
	b.open(t, url, "light", 1280)
	want := func(when, expression, want string) {
		t.Helper()
		if got := b.text(t, expression); got != want {
			t.Errorf("%s: got %q of %s, want %q", when, got, expression, want)
		}
	}
	press := func(keys string) { t.Helper(); do(t, b, chromedp.KeyEvent(keys)) }
	press("c")
	want("after c", "document.getElementById('what').textContent.startsWith('p01 records its state')", "true")
	want("after c", "document.querySelectorAll('#logical .e.sel').length", "1")
	press(kb.ArrowLeft)
	want("after the left arrow", "/^p01 (sends|receives)/.test(document.getElementById('what').textContent)", "true")
	want("after the left arrow", "document.querySelectorAll('#logical .dim').length > 5", "true")
	press(kb.ArrowDown)
	want("after the arrow down", "document.getElementById('what').textContent.slice(0, 3)", "p02")
	press(kb.Enter)
	want("after Enter", "document.activeElement.id", "side")
	press("v")
	want("after v", "[document.getElementById('logical').hidden, document.getElementById('real').hidden]", "true,false")
	want("after v", "/view=real&event=\\d+/.test(location.hash)", "true")
	hash := b.text(t, "location.hash")
	b.open(t, url+hash, "light", 1280)
	want("with the address of before", "[document.getElementById('real').hidden, location.hash]", "false,"+hash)
	press(kb.Escape)
	want("after Esc", "location.hash", "#view=real")
	press("v")
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeRawKeyDown, input.DispatchKeyEventTypeKeyUp} {
		call(t, b, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: kind, Key: "/"}) // KeyEvent would type it too
	}
	want("after /", "document.activeElement.id", "find")
	press("amount 7")
	want("after finding", "/^[1-9]\\d* events? found$/.test(document.getElementById('said').textContent)", "true")
	want("after finding", "document.querySelectorAll('.hid').length", "0")
	want("after finding", "document.querySelectorAll('#logical .a.hit').length > 0", "true")
	press(kb.Enter)
	want("after Enter", "document.getElementById('what').textContent.includes('amount 7')", "true")
	press(kb.Escape)
	do(t, b, chromedp.SendKeys("#filter", "p01 sends"))
	want("after filtering", "/^[1-9]\\d* events hidden$/.test(document.getElementById('said').textContent)", "true")
	want("after all", watched, "")
	want("after filtering", "getComputedStyle(document.querySelector('#logical .hid')).display", "none")
}
