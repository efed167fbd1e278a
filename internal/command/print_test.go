package command

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
)

// Each way to print makes what it prints printable.
func TestEachWayToPrintIsPrintable(t *testing.T) {
	const foreign = hostile + notUTF8
	var out bytes.Buffer
	printLine(&out, "%s %v %q", foreign, foreign, foreign)
	(&failure{Err: fmt.Errorf("a: %s", foreign), List: []string{foreign, foreign}, Hint: foreign}).Print(&out, "chandy")
	table := newTable(&out, foreign, 1, foreign)
	table.row(foreign, 1, foreign)
	table.flush()
	table.width = 1
	table.flush()
	queue := cmdline.NewLineQueue(&out, func(int) {})
	lines := linePrinter{out: queue, console: func(prefix string) io.Writer { return cmdline.ConsoleLog(prefixWriter{queue, prefix}, false) }}
	var last lastWords
	for _, event := range []map[string]string{
		{"level": "warn", "time": "2026-11-22T07:35:25Z", "message": foreign, "err": foreign, "other": foreign},
		{"level": "warn", "time": foreign},
		{"level": foreign, "time": "2026-11-22T07:35:25Z"},
		{"level": "warn", "time": "2026-11-22T07:35:25Z", foreign: foreign},
	} {
		lines.copy(&last, strings.NewReader(string(mustJSON(t, event))), "p1 | ")
	}
	lines.copy(&last, strings.NewReader("a "+foreign+"\nchandy: error: a "+foreign), "p1 | ")
	queue.Close("")
	last.failure(exitNo, "", "").(*failure).Print(&out, "chandy")
	checkPrinted(t, "all", out.String())

	out.Reset()
	(&progressLine{out: &out}).say("%s", foreign)
	begin, end := "\x1b[?7l\r\x1b[K", "\x1b[?7h"
	text := strings.TrimSuffix(strings.TrimPrefix(out.String(), begin), end)
	if len(text)+len(begin)+len(end) != out.Len() {
		t.Errorf("got %q, want a line between %q and %q", out.String(), begin, end)
	}
	checkPrinted(t, "progress", text)
}

// The log, too, in both formats, whatever stands in the message and in the fields.
func TestLogIsPrintable(t *testing.T) {
	const foreign = hostile + notUTF8
	for _, format := range []string{"json", "console"} {
		var out bytes.Buffer
		e := &env{&cmdline.Env{Stderr: &out}}
		flags := flag.NewFlagSet("", flag.ContinueOnError)
		flags.String("log-level", "info", "")
		flags.String("log-format", format, "")
		if err := e.StartLog(cli.NewContext(nil, flags, nil)); err != nil {
			t.Fatal(err)
		}
		e.Log.Warn().Str("peer", foreign).Err(fmt.Errorf("%s", foreign)).Strs("command", []string{foreign}).
			Any("any", map[string]string{foreign: foreign}).Bytes("bytes", []byte(foreign)).Msg("refused: " + foreign)
		e.Queue.Close("")
		checkPrinted(t, format, out.String())
		if got := strings.Count(out.String(), forged); got != 7 {
			t.Errorf("%s: got %q with the hostile text %d times, want 7", format, out.String(), got)
		}
	}
}

// No other code of this package and of package cmdline writes text: it would not be made
// printable.
func TestNoOtherWayToPrint(t *testing.T) {
	files, err := filepath.Glob("*.go")
	shared, err2 := filepath.Glob("../cmdline/*.go")
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(files, shared...) {
		if strings.HasSuffix(name, "_test.go") || slices.Contains([]string{"print.go", "log_printable.go"}, filepath.Base(name)) {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, way := range waysToPrint(file) {
			t.Errorf("%s: got %s, want printLine or printExact", name, way)
		}
	}
	planted, err := parser.ParseFile(token.NewFileSet(), "a.go", `package a
		func f() { fmt.Fprintf(w, "a"); fmt.Println(); io.WriteString(w, "a"); println("a"); fmt.Sprint(1); fmt.Errorf("a") }`, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := waysToPrint(planted); len(got) != 4 {
		t.Errorf("got the planted ways %q, want 4", got)
	}
}

func waysToPrint(file *ast.File) (ways []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch f := call.Fun.(type) {
		case *ast.Ident:
			if f.Name == "print" || f.Name == "println" {
				ways = append(ways, f.Name)
			}
		case *ast.SelectorExpr:
			x, _ := f.X.(*ast.Ident)
			if x != nil && (x.Name == "fmt" && (strings.HasPrefix(f.Sel.Name, "Fprint") || strings.HasPrefix(f.Sel.Name, "Print")) ||
				x.Name == "io" && f.Sel.Name == "WriteString") {
				ways = append(ways, x.Name+"."+f.Sel.Name)
			}
		}
		return true
	})
	return ways
}
