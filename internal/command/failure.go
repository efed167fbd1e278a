package command

import (
	"fmt"
	"io"
	"strings"
)

// failure is an error with its exit code and a hint at what to do about it.
type failure struct {
	code int
	err  error
	list []string // lines below the error
	hint string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// errNo ends a command that has printed its answer, which is no.
var errNo = &failure{code: exitNo}

// fail makes the error of a command. The hint may be empty.
func fail(code int, hint, format string, a ...any) error {
	return &failure{code: code, err: fmt.Errorf(format, a...), hint: hint}
}

// failList makes the error of a command with a list. Its text ends with a colon. A single
// element follows on the same line, several stand below it.
func failList(code int, hint string, list []string, format string, a ...any) error {
	err := fmt.Errorf(format, a...)
	if len(list) == 1 {
		err, list = fmt.Errorf("%w %s", err, list[0]), nil
	}
	return &failure{code, err, list, hint}
}

// errorLines returns the texts of the errors that [errors.Join] has joined in err, or of
// err alone. Each becomes a line of a list.
func errorLines(err error) []string {
	var lines []string
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			lines = append(lines, errorLines(one)...)
		}
	}
	if strings.Join(lines, "\n") != err.Error() { // not joined, or by fmt.Errorf
		return []string{err.Error()}
	}
	return lines
}

// print prints the error and the hint, as far as there are any.
func (f *failure) print(stderr io.Writer) {
	if f.err != nil {
		printLine(stderr, "chandy: error: %v", f.err)
	}
	for _, line := range f.list {
		printLine(stderr, "  %s", line)
	}
	if f.hint != "" {
		printLine(stderr, "chandy: hint: %s", f.hint)
	}
}
