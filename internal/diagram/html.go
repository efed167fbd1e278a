package diagram

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"

	"chandy/internal/printable"
)

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

// HTML writes one HTML file that needs nothing else. It has the picture in logical time and,
// with journals, the picture as it happened.
func HTML(w io.Writer, s *Story) error {
	logical := s.Layout()
	return writePage(w, logical, s.LayoutReal(), s.pageData())
}

// writePage writes a page with one or two views of a story. The picture as it happened may be
// nil.
func writePage(w io.Writer, logical, real *Picture, content *pageContent) error {
	data, err := json.Marshal(content)
	if err != nil {
		return err
	}
	var b strings.Builder
	hash := sha256.Sum256([]byte(pageScript))
	b.WriteString(strings.Replace(pageHead, "{hash}", base64.StdEncoding.EncodeToString(hash[:]), 1))
	b.WriteString("<title>" + escape(logical.Name) + "</title>\n<style>" + logical.style() + pageStyle + "</style>\n</head>\n<body>\n")
	b.WriteString(pageTools)
	view := func(id string, p *Picture) {
		b.WriteString(`<div class="view" id="` + id + `" tabindex="0">` + "\n")
		if p != nil {
			one := &svg{Picture: p, interactive: true}
			one.document("")
			b.WriteString(one.String())
		}
		b.WriteString("</div>\n")
	}
	b.WriteString("<main>\n")
	view("logical", logical)
	view("real", real)
	b.WriteString("</main>\n" + pageSide)
	b.WriteString(`<script type="application/json" id="data">` + string(data) + "</script>\n<script>" + pageScript + "</script>\n</body>\n</html>\n")
	_, err = w.Write([]byte(b.String()))
	return err
}

// The policy lets the page load nothing, and run no script but its own.
const pageHead = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{hash}'; img-src data:">
<link rel="icon" href="data:,">
`

const pageTools = `<header>
<div class="views" role="group" aria-label="view">
<button id="show-logical" aria-pressed="true">logical time</button><button id="show-real" aria-pressed="false">as it happened</button>
</div>
<label>find <input id="find" type="search" size="14" autocomplete="off"></label>
<label>only <input id="filter" type="search" size="14" autocomplete="off"></label>
<output id="said" aria-live="polite"></output>
<span class="keys"><kbd>←</kbd><kbd>→</kbd> events <kbd>↑</kbd><kbd>↓</kbd> processes <kbd>Enter</kbd> details <kbd>/</kbd> find <kbd>c</kbd> to the cut <kbd>v</kbd> view <kbd>Esc</kbd> clear</span>
</header>
`

const pageSide = `<aside id="side" aria-live="polite" tabindex="-1"><p id="what">Point at an event or an arrow. What is neither its cause nor its effect becomes pale.</p><ol id="list"></ol></aside>
`

// pageContent is what the script of the page needs to know.
type pageContent struct {
	Events   []pageEvent   `json:"events"`
	Messages []pageMessage `json:"messages"`
	// Lanes is how many lanes each half of a pair has, or 0. The second half numbers its lanes
	// after the ones of the first half.
	Lanes int `json:"lanes"`
}

// pageEvent is an event for the script of the page.
type pageEvent struct {
	Index   int    `json:"i"`
	Lane    int    `json:"l"`
	Kind    Kind   `json:"k"`
	Message int    `json:"m"`
	Text    string `json:"t"`
}

// pageMessage is a message for the script of the page.
type pageMessage struct {
	Text     string   `json:"t"`
	Send     int      `json:"s"`
	Receive  int      `json:"r"`
	Wrong    bool     `json:"w,omitempty"`
	Count    uint64   `json:"n"`
	First    uint64   `json:"f"`
	Payloads []string `json:"p,omitempty"` // in flight
	Twins    []int    `json:"o,omitempty"` // of a pair: arrows of the same messages in the other half
}

// payloadShown is how many bytes of a payload the page shows.
const payloadShown = 2000

// pageData returns what the script of the page needs to know.
func (s *Story) pageData() *pageContent {
	events, messages := []pageEvent{}, []pageMessage{}
	for _, lane := range s.Lanes {
		for _, i := range lane.Events {
			e := &s.Events[i]
			text := string(lane.ID) + " " + s.describe(e)
			if _, timed := s.when(e); timed && e.Kind != Recorded {
				text += ", " + moment(e.AtMS)
			}
			events = append(events, pageEvent{i, e.Lane, e.Kind, e.Message, text})
		}
	}
	l := layout{Story: s}
	for _, m := range s.Messages {
		one := pageMessage{Text: l.title(m), Send: m.Send, Receive: m.Receive, Wrong: m.Class == Wrong, Count: m.Count, First: m.First}
		if m.Sign == Single { // a pair says more
			one.Text += classNames[m.Class]
		}
		for _, payload := range m.Payloads {
			var compact bytes.Buffer
			if json.Compact(&compact, payload) == nil {
				payload = compact.Bytes()
			}
			one.Payloads = append(one.Payloads, printable.Start(payload, payloadShown))
		}
		messages = append(messages, one)
	}
	return &pageContent{Events: events, Messages: messages}
}

var classNames = [...]string{
	Past: ", sent and received before the cut", Future: ", sent and received after the cut", InFlight: ", in flight",
	Unrecorded: ", in flight and not recorded", Wrong: ", contradicts the cut",
}

// moment says when an event was.
func moment(at float64) string {
	if at < 0 {
		return ms(-at) + " before its recording"
	}
	return ms(at) + " after its recording"
}
