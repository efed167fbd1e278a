package cmdline

import (
	"fmt"
	"io"
	"strings"
)

// Failure is an error with its exit code and a hint at what to do about it.
type Failure struct {
	Code int
	Err  error    // nil for an answer that is no, and is printed already
	List []string // lines below the error
	Hint string
}

func (f *Failure) Error() string { return f.Err.Error() }
func (f *Failure) Unwrap() error { return f.Err }

// Fail makes the error of a command. The hint may be empty.
func Fail(code int, hint, format string, a ...any) error {
	return &Failure{Code: code, Err: fmt.Errorf(format, a...), Hint: hint}
}

// FailList makes the error of a command with a list. Its text ends with a colon. A single
// element follows on the same line, several stand below it.
func FailList(code int, hint string, list []string, format string, a ...any) error {
	err := fmt.Errorf(format, a...)
	if len(list) == 1 {
		err, list = fmt.Errorf("%w %s", err, list[0]), nil
	}
	return &Failure{code, err, list, hint}
}

// ErrorLines returns the texts of the errors that [errors.Join] has joined in err, or of
// err alone. Each becomes a line of a list.
func ErrorLines(err error) []string {
	var lines []string
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			lines = append(lines, ErrorLines(one)...)
		}
	}
	if strings.Join(lines, "\n") != err.Error() { // not joined, or by fmt.Errorf
		return []string{err.Error()}
	}
	return lines
}

// Print prints the error and the hint of the program name, as far as there are any.
func (f *Failure) Print(stderr io.Writer, name string) {
	if f.Err != nil {
		PrintLine(stderr, "%s: error: %v", name, f.Err)
	}
	for _, line := range f.List {
		PrintLine(stderr, "  %s", line)
	}
	if f.Hint != "" {
		PrintLine(stderr, "%s: hint: %s", name, f.Hint)
	}
}
