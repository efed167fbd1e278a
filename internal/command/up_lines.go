package command

import (
	"encoding/json"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
	"chandy/internal/printable"
)

// linePrinter prints what nodes write on stderr: their logs, in JSON, and other lines.
type linePrinter struct {
	out     io.Writer
	console func(prefix string) io.Writer // for events of the log; nil means that they stay JSON
	running atomic.Bool                   // set by started
	loops   chan event                    // the first recovery loop that a node has found
}

// linePrinter returns the printer that the flag --log-format asks for.
func (e *env) linePrinter(c *cli.Context) (*linePrinter, error) {
	p := &linePrinter{out: e.Queue, loops: make(chan event, 1)}
	switch format := c.String("log-format"); format {
	case "json":
	case "auto", "console":
		colours := cmdline.Colours(e.Stderr)
		p.console = func(prefix string) io.Writer {
			return cmdline.ConsoleLog(prefixWriter{e.Queue, prefix}, colours)
		}
	default:
		return nil, cmdline.UnknownLogFormat(format)
	}
	return p, nil
}

// started ends the quiet start. Before it, what nodes log about their own start is left
// out, up to the level info.
func (p *linePrinter) started() { p.running.Store(true) }

// copy prints the lines of a node, each after the prefix. It keeps the error with which the
// node ends in last.
func (p *linePrinter) copy(last *lastWords, from io.Reader, prefix string) {
	out := io.Writer(prefixWriter{p.out, prefix})
	events := out
	if p.console != nil {
		events = p.console(prefix)
	}
	_ = eachNodeLine(from, func(line string) {
		if line != "" {
			p.print(last, line, events, out)
		}
	})
}

// event is what the printer looks at in an event of a log.
type event struct {
	level zerolog.Level
	child bool // a program wrote the line
	text  string
	// A recovery loop that was found, and what ends it, for people. Both are else empty.
	loop, waysOn string
}

// parseEvent parses a line as an event of a log. The line comes from another binary, and a
// console prints times and names of fields as they are, so these must be as chandy makes
// them.
func parseEvent(line string) (e event, ok bool) {
	var fields map[string]json.RawMessage
	if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &fields) != nil {
		return e, false
	}
	for name := range fields {
		if printable.Text(name) != name {
			return e, false
		}
	}
	var level string
	var at time.Time
	if json.Unmarshal(fields["level"], &level) != nil || json.Unmarshal(fields["time"], &at) != nil {
		return e, false
	}
	_, e.child = fields["child"]
	json.Unmarshal(fields["message"], &e.text) // empty if there is none
	json.Unmarshal(fields["loop"], &e.loop)
	json.Unmarshal(fields["ways_on"], &e.waysOn)
	var err error
	e.level, err = zerolog.ParseLevel(level)
	return e, err == nil && level != ""
}

func (p *linePrinter) print(last *lastWords, line string, events, out io.Writer) {
	e, isEvent := parseEvent(line)
	if isEvent && !e.child && e.text == "node started" {
		last.listened = true
	}
	if isEvent && !e.child && e.loop != "" {
		select {
		case p.loops <- e:
		default:
		}
	}
	switch {
	case isEvent && e.level == zerolog.InfoLevel && !e.child && !p.running.Load():
	case isEvent && p.console != nil:
		events.Write([]byte(line + "\n"))
	case !isEvent && last.take(line): // printed at the end, once
	default:
		printExact(out, printable.Text(line)+"\n")
	}
}

// lastWords is the error with which a node ends: a line with the error, the lines of its
// list, and a hint. They are not in the form of the log.
type lastWords struct {
	err      string
	list     []string
	hint     string
	panic    string // the line of a Go panic, which has a stack trace below it
	listened bool   // the log says so
}

// take keeps a line if it belongs to the error. It reports whether it does. The line of a
// panic is kept and counts as none, so that it is printed above its stack trace.
func (w *lastWords) take(line string) bool {
	if name, text, found := strings.Cut(line, ": error: "); found && !strings.Contains(name, " ") {
		w.err, w.list, w.hint, w.panic = text, nil, "", ""
		return true
	}
	if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
		w.err, w.panic = "", line
		return false
	}
	if w.err == "" {
		return false
	}
	if name, text, found := strings.Cut(line, ": hint: "); found && !strings.Contains(name, " ") {
		w.hint = text
		return true
	}
	if text, found := strings.CutPrefix(line, "  "); found {
		w.list = append(w.list, text)
		return true
	}
	return false
}

// read keeps the error at the end of a log.
func (w *lastWords) read(log io.Reader) {
	_ = eachNodeLine(log, func(line string) { w.take(line) })
}

// failure returns the error, or if there is none, an error with the text ended and the hint.
func (w *lastWords) failure(code int, ended, hint string) error {
	if w.err == "" {
		return fail(code, hint, "%s", ended)
	}
	return failList(code, w.hint, w.list, "%s", w.err)
}

// prefixWriter writes the prefix before each line. Each Write must be a whole line.
type prefixWriter struct {
	io.Writer
	prefix string
}

func (w prefixWriter) Write(line []byte) (int, error) {
	printExact(w.Writer, w.prefix+string(line))
	return len(line), nil
}
