package arrows

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// levels are the levels of docs/design.md, the lowest first. A package may import only
// packages of lower levels. Planned packages have their places already.
var levels = [][]string{
	{"internal/jsonwalk", "internal/printable"},
	{"snapshot"},
	{"wire", "program", "internal/journal", "internal/saved", "internal/difference"},
	{"internal/channel", "internal/agreement", "internal/config", "internal/maelstrom", "internal/question", "internal/diagram"},
	{"internal/core", "internal/store", "internal/cert", "internal/cmdline"},
	{"netnode", "internal/child", "internal/question/eval", "internal/store/storetest"},
	{"internal/bundled", "internal/snapfile"},
	{"internal/sim", "internal/bench", "internal/try", "internal/ui", "internal/metrics", "internal/sandbox"},
	{"internal/command"},
	{".", "internal/manpage"},
}

// alone lists packages that import no package of this module. Every package that is not
// pure may import them. The verifier is alone so that it shares no code with the recorder
// of what it checks.
var alone = []string{"internal/verify", "internal/rawconn"}

// forTests lists packages that only tests may import.
var forTests = []string{"internal/arrows", "internal/explore", "internal/clustertest"}

// noSockets lists packages that must not import a package of sockets: programs and the
// simulation know the network only as messages.
var noSockets = []string{"internal/child", "internal/bundled", "internal/sim"}

// pure packages do no I/O and start no goroutine. They have no clock and no randomness
// except what their caller hands them.
var pure = []string{"internal/jsonwalk", "internal/printable", "snapshot", "internal/channel", "internal/agreement", "internal/core", "internal/journal", "internal/saved", "internal/question", "internal/difference", "internal/diagram"}

var pureImports = []string{
	"bytes", "cmp", "container/heap", "crypto/sha256", "embed", "encoding/base64", "encoding/binary", "encoding/hex", "encoding/json", "errors", "fmt", "io", "iter",
	"maps", "math", "regexp", "slices", "sort", "strconv", "strings", "time", "unicode", "unicode/utf16", "unicode/utf8",
}

// coreImports lists what internal/core may import besides pureImports, for the source of
// randomness and the logger that its host hands it.
var coreImports = []string{"math/rand/v2", "sync", "github.com/rs/zerolog"}

// pureNames lists the only names that a pure package may use of these packages.
var pureNames = map[string][]string{
	"time":                  {"Duration", "Time", "Nanosecond", "Microsecond", "Millisecond", "Second", "Minute", "Hour", "Parse", "ParseDuration", "RFC3339", "RFC3339Nano", "UTC"},
	"fmt":                   {"Append", "Appendf", "Appendln", "Errorf", "Formatter", "Fprint", "Fprintf", "Fprintln", "Sprint", "Sprintf", "Sprintln", "State", "Stringer"},
	"io":                    {"Closer", "EOF", "ErrUnexpectedEOF", "ReadCloser", "ReadFull", "Reader", "Writer"},
	"sync":                  {"OnceValue", "OnceValues"},
	"math/rand/v2":          {"Rand"},
	"github.com/rs/zerolog": {"DebugLevel", "Event", "Logger", "WarnLevel"},
}

// sockets lists the packages that open sockets: the node, and the benchmarks that
// compare it with plain connections.
var sockets = []string{"netnode", "internal/rawconn", "internal/bench"}

// netNames lists the names of package net that other packages may use.
var netNames = map[string][]string{
	"internal/cmdline": {"Addr", "DNSError"},
	"internal/config":  {"SplitHostPort", "JoinHostPort"},
}

func TestImportsFollowTheLevels(t *testing.T) {
	for _, fault := range arrowFaults(t, os.DirFS("../..")) {
		t.Errorf("got %s, want no fault", fault)
	}
}

func TestEachPlantedFaultIsReported(t *testing.T) {
	for _, c := range []struct{ file, text, want string }{
		{"snapshot/a.go", `import "chandy/wire"`, "snapshot must not import wire"},
		{"wire/a.go", `import "chandy/internal/config"`, "wire must not import internal/config"},
		{"netnode/a.go", `import _ "chandy/internal/bundled"`, "netnode must not import internal/bundled"},
		{"internal/bundled/a_linux.go", "import `chandy/internal/command`", "internal/bundled must not import internal/command"},
		{"internal/verify/a.go", `import "chandy/snapshot"`, "internal/verify must not import snapshot"},
		{"internal/verify/a.go", `import "github.com/rs/zerolog"`, "internal/verify must not import github.com/rs/zerolog"},
		{"internal/core/a.go", `import "chandy/internal/verify"`, "internal/core must not import internal/verify"},
		{"internal/core/a.go", `import "chandy/netnode"`, "internal/core must not import netnode"},
		{"internal/core/a.go", "import \"math/rand/v2\"\nvar n = rand.Int()", "math/rand/v2.Int"},
		{"internal/child/a.go", `import "chandy/internal/bench"`, "internal/child must not import internal/bench"},
		{"internal/sim/a.go", `import "chandy/netnode"`, "internal/sim must not import netnode"},
		{"netnode/a.go", `import "chandy/internal/explore"`, "netnode must not import internal/explore"},
		{"internal/rawconn/a.go", `import "chandy/wire"`, "internal/rawconn must not import wire"},
		{"internal/new/a.go", ``, "internal/new has no level"},
		{"examples/a/a.go", `import "chandy/internal/channel"`, "examples/a must not import internal/channel"},
		{"snapshot/a.go", `import "os"`, "snapshot must not import os"},
		{"internal/channel/a.go", `import "math/rand/v2"`, "internal/channel must not import math/rand/v2"},
		{"snapshot/a.go", `import . "time"`, "a dot import of time"},
		{"snapshot/a.go", "import clock \"time\"\nvar now = clock.Now()", "time.Now"},
		{"snapshot/a.go", "import \"fmt\"\nfunc f() { fmt.Println() }", "fmt.Println"},
		{"snapshot/a.go", "import \"io\"\nvar copy = io.Copy", "io.Copy"},
		{"snapshot/a.go", "func f() { go f() }", "start a goroutine"},
		{"snapshot/a.go", "var c chan int", "a queue of goroutines"},
		{"internal/command/a.go", `import "net"`, "internal/command must not import net"},
		{"internal/store/a.go", `import "net/http"`, "internal/store must not import net/http"},
		{"internal/config/a.go", "import \"net\"\nvar d = net.Dial", "net.Dial"},
	} {
		faults := arrowFaults(t, fstest.MapFS{c.file: {Data: []byte("package x\n" + c.text)}})
		if len(faults) != 1 || !strings.Contains(faults[0], c.want) {
			t.Errorf("%s with %s: got the faults %q, want one with %q", c.file, c.text, faults, c.want)
		}
	}
}

// arrowFaults returns the faults of all files of a module, also of files that are not
// compiled on this system. Test files may import anything.
func arrowFaults(t *testing.T, module fs.FS) []string {
	var faults []string
	err := fs.WalkDir(module, ".", func(name string, d fs.DirEntry, err error) error {
		switch base := path.Base(name); {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")):
			return fs.SkipDir
		case d.IsDir(), !strings.HasSuffix(base, ".go"), strings.HasSuffix(base, "_test.go"):
			return nil
		}
		text, err := fs.ReadFile(module, name)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		f := arrowFile{File: parsed, pkg: path.Dir(name), name: name}
		f.check()
		faults = append(faults, f.faults...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return faults
}

// arrowFile is a file and the faults found in it.
type arrowFile struct {
	*ast.File
	pkg, name string
	faults    []string
}

func (f *arrowFile) fault(format string, a ...any) {
	f.faults = append(f.faults, f.name+": "+fmt.Sprintf(format, a...))
}

func (f *arrowFile) check() {
	if !strings.HasPrefix(f.pkg, "examples/") && level(f.pkg) < 0 && !slices.Contains(alone, f.pkg) && !slices.Contains(forTests, f.pkg) {
		f.fault("package %s has no level: see docs/design.md", f.pkg)
	}
	for _, spec := range f.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			panic(err) // the parser has accepted it
		}
		if inside, ours := strings.CutPrefix(imported, "chandy/"); !f.mayImport(inside, imported, ours) {
			f.fault("%s must not import %s", f.pkg, strings.TrimPrefix(imported, "chandy/"))
			continue
		}
		if allowed := f.names(imported); allowed != nil {
			f.checkNames(spec, imported, allowed)
		}
	}
	if slices.Contains(pure, f.pkg) {
		f.checkPure()
	}
}

func (f *arrowFile) mayImport(inside, imported string, ours bool) bool {
	standard := !strings.Contains(strings.Split(imported, "/")[0], ".")
	switch {
	case ours && strings.HasPrefix(f.pkg, "examples/"): // whatever another module could import
		return level(inside) >= 0 && !strings.HasPrefix(inside, "internal/")
	case ours && slices.Contains(alone, f.pkg), ours && slices.Contains(forTests, inside):
		return false
	case ours && slices.Contains(forTests, f.pkg):
		return true
	case ours && slices.Contains(noSockets, f.pkg) && slices.Contains(sockets, inside):
		return false
	case ours && slices.Contains(alone, inside):
		return !slices.Contains(pure, f.pkg)
	case ours:
		return level(inside) >= 0 && level(inside) < level(f.pkg)
	case f.pkg == "internal/core" && slices.Contains(coreImports, imported):
		return true
	case slices.Contains(pure, f.pkg):
		return slices.Contains(pureImports, imported)
	case imported == "net":
		return slices.Contains(sockets, f.pkg) || netNames[f.pkg] != nil || slices.Contains(forTests, f.pkg)
	case strings.HasPrefix(imported, "net/"):
		return f.pkg == "netnode" || imported == "net/netip" || imported == "net/url"
	}
	return standard || f.pkg != "internal/verify"
}

// level returns the number of a package's level, or -1 if it has none.
func level(pkg string) int {
	return slices.IndexFunc(levels, func(l []string) bool { return slices.Contains(l, pkg) })
}

// names returns the names that the file may use of a package, or nil if it may use all.
func (f *arrowFile) names(imported string) []string {
	if imported == "net" {
		return netNames[f.pkg]
	}
	if slices.Contains(pure, f.pkg) {
		return pureNames[imported]
	}
	return nil
}

func (f *arrowFile) checkNames(spec *ast.ImportSpec, imported string, allowed []string) {
	local := path.Base(strings.TrimSuffix(imported, "/v2"))
	if spec.Name != nil {
		local = spec.Name.Name
	}
	if local == "." {
		f.fault("a dot import of %s hides what is used of it", imported)
	}
	ast.Inspect(f.File, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == local && !slices.Contains(allowed, s.Sel.Name) {
				f.fault("%s must not use %s.%s", f.pkg, imported, s.Sel.Name)
			}
		}
		return true
	})
}

func (f *arrowFile) checkPure() {
	ast.Inspect(f.File, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.GoStmt:
			f.fault("%s must not start a goroutine", f.pkg)
		case *ast.ChanType, *ast.SelectStmt:
			f.fault("%s must not use a queue of goroutines", f.pkg)
		}
		return true
	})
}
