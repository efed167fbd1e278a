package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// faultsMax is how many faults of one file are listed.
const faultsMax = 100

// Faults is the error of a cluster file: everything that is wrong with it.
type Faults struct {
	Path string  // of the file
	List []Fault // never empty, in the order of the file as far as it is known
	More int     // how many were found and are not listed
}

// Fault is one thing that is wrong.
type Fault struct {
	Line   int    // from 1; 0 where it is not known
	Column int    // from 1; 0 where it is not known
	Path   string // of the value, such as process[2] "p3" channels[1] (from 0); empty for the file
	Text   string // what is wrong, and what to do
}

// Error gives one line for each fault.
func (f *Faults) Error() string {
	var b strings.Builder
	for i, fault := range f.List {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(f.Path)
		if fault.Line > 0 {
			fmt.Fprintf(&b, ":%d", fault.Line)
		}
		if fault.Line > 0 && fault.Column > 0 {
			fmt.Fprintf(&b, ":%d", fault.Column)
		}
		fmt.Fprintf(&b, ": %s", fault)
	}
	if f.More > 0 {
		fmt.Fprintf(&b, "\n%s: and %d more", f.Path, f.More)
	}
	return b.String()
}

// String gives the fault without its file and line.
func (f Fault) String() string {
	if f.Path == "" {
		return f.Text
	}
	return f.Path + ": " + f.Text
}

// faults collects faults. Its zero value is ready. A place has one fault at
// most, and none after a place around it had one: a value of the wrong type is
// not reported as missing too.
type faults struct {
	lines *lines // nil without a file
	list  []found
	at    map[string]bool // texts of the places that had a fault
	more  int             // found after faultsMax others
}

// found is a fault and what puts it in order.
type found struct {
	Fault
	element int // of the array of tables that it stands in; -1 for none
}

// add reports a fault at a place.
func (fs *faults) add(at place, format string, args ...any) {
	fs.addUnder(at, at, format, args...)
}

// addUnder reports a fault at a place, and names the place shown instead.
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

// sorted gives the faults outside of arrays by line, then the others by element.
func (fs *faults) sorted() []Fault {
	slices.SortStableFunc(fs.list, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.element, b.element), cmp.Compare(a.Line, b.Line))
	})
	var list []Fault
	for _, f := range fs.list {
		list = append(list, f.Fault)
	}
	return list
}

// err gives what was collected about a file; nil if nothing was.
func (fs *faults) err(path string) error {
	if len(fs.list) == 0 {
		return nil
	}
	return &Faults{Path: path, List: fs.sorted(), More: fs.more}
}
