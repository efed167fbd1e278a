package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"chandy/internal/printable"
)

// faultsMax is the largest number of faults that are listed for one cluster.
const faultsMax = 100

// Faults is the error for a cluster: all faults that were found in it.
type Faults struct {
	Path string  // path of the file; empty for a text without one, and for a cluster that was built in code
	List []Fault // never empty, in the order of the file as far as it is known
	More int     // number of faults that were found and are not listed
}

// Fault is one fault and how to mend it.
type Fault struct {
	Line   int    // counts from 1; 0 if unknown
	Column int    // counts from 1; 0 if unknown
	Path   string // place of the value, such as process[2] "p3" channels[1], counted from 0; empty for the whole file
	Text   string // the fault and what to do
}

// Error returns one line for each fault.
func (f *Faults) Error() string { return strings.Join(f.Lines(), "\n") }

// Lines returns a printable line for each fault, and one for the faults that are not
// listed.
func (f *Faults) Lines() []string {
	var lines []string
	for _, fault := range f.List {
		lines = append(lines, printable.Text(f.prefix(fault))+fault.String())
	}
	if f.More > 0 {
		lines = append(lines, fmt.Sprintf("%sand %d more", printable.Text(f.prefix(Fault{})), f.More))
	}
	return lines
}

// prefix returns the file and the position of a fault, as far as they are known.
func (f *Faults) prefix(fault Fault) string {
	switch {
	case f.Path == "" && fault.Line == 0:
		return ""
	case f.Path == "" && fault.Column == 0:
		return fmt.Sprintf("line %d: ", fault.Line)
	case f.Path == "":
		return fmt.Sprintf("line %d, column %d: ", fault.Line, fault.Column)
	case fault.Line == 0:
		return f.Path + ": "
	case fault.Column == 0:
		return fmt.Sprintf("%s:%d: ", f.Path, fault.Line)
	}
	return fmt.Sprintf("%s:%d:%d: ", f.Path, fault.Line, fault.Column)
}

// String returns the fault without its file and line, on one line and printable: the
// texts of the TOML parser, among others, repeat keys as they stand in the file.
func (f Fault) String() string {
	if f.Path == "" {
		return printable.Text(f.Text)
	}
	return printable.Text(f.Path + ": " + f.Text)
}

// faults collects faults. The zero value is ready to use. A place has at most one
// fault, and none once a place around it has one. So a value of the wrong type is not
// reported as missing too.
type faults struct {
	lines *lines // nil if there is no file
	list  []found
	at    map[string]bool // texts of the places that have a fault
	more  int             // number of faults after the first faultsMax

	unsecured bool // an address that is not loopback is no fault
}

// found is a fault and its sort key.
type found struct {
	Fault
	element int // index in the array of tables around it; -1 if there is none
}

// add adds a fault at a place.
func (fs *faults) add(at place, format string, args ...any) {
	fs.addUnder(at, at, format, args...)
}

// addUnder adds a fault at a place, but shows another place in its message.
func (fs *faults) addUnder(at, shown place, format string, args ...any) {
	for p := &at; p != nil; p = p.parent {
		if fs.at[p.text] {
			return
		}
	}
	if fs.at == nil {
		fs.at = make(map[string]bool)
	}
	fs.at[at.text] = true
	if len(fs.list) == faultsMax {
		fs.more++
		return
	}
	fault := Fault{Path: shown.text, Text: fmt.Errorf(format, args...).Error()}
	if fs.lines != nil {
		fault.Line = fs.lines.of(at)
	}
	fs.list = append(fs.list, found{fault, at.outer})
}

// sorted returns the faults in the order of their lines. Faults inside arrays of tables
// whose lines are unknown come last, by element.
func (fs *faults) sorted() []Fault {
	unknown := func(f found) int {
		if f.Line == 0 && f.element >= 0 {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(fs.list, func(a, b found) int {
		return cmp.Or(cmp.Compare(unknown(a), unknown(b)), cmp.Compare(a.Line, b.Line), cmp.Compare(a.element, b.element))
	})
	var list []Fault
	for _, f := range fs.list {
		list = append(list, f.Fault)
	}
	return list
}

// err returns the faults of the file at path, or nil if there are none.
func (fs *faults) err(path string) error {
	if len(fs.list) == 0 {
		return nil
	}
	return &Faults{Path: path, List: fs.sorted(), More: fs.more}
}
