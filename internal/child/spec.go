package child

import (
	"errors"
	"os"
	"slices"
	"strings"
)

// Spec says what Start starts, and which functions it calls. They are called on
// goroutines of the Proc; no function is called again before it has returned. Only
// Written may be nil.
type Spec struct {
	// Command is the program and its arguments, passed on without a shell. A program
	// with a slash in its name is relative to Dir; any other is looked up in $PATH.
	Command []string
	// Dir is the working directory. Empty means the current one.
	Dir string
	// Env contains variables that are added to the inherited ones, or replace them: see
	// Environment.
	Env map[string]string
	// LineMax is the longest line that the child may print, in bytes, without its line
	// end. A longer line ends the child.
	LineMax int
	// Pace holds each line back until the child has read all lines before it. It works
	// only on Linux.
	Pace bool
	// Output receives the lines that the child prints. At most two batches are handed
	// over and not yet returned by Batch.Return.
	Output func(*Batch)
	// Errors receives each line of stderr, cut, and without control characters.
	Errors func(line string)
	// Written is called when all lines are in the pipe, after Write has returned false.
	Written func()
	// Ended is called once, after the last call of Output and Errors.
	Ended func(End)
}

// End describes how a child ended.
type End struct {
	// State is nil if it is unknown.
	State *os.ProcessState
	// Reason is why we ended the child. Nil means that it exited on its own or by Close.
	Reason error
	// Signalled reports whether we sent the child a signal before it ended.
	Signalled bool
	// Stderr is the last line on stderr, or empty.
	Stderr string
}

// Err returns an error that describes the end, with the last line on stderr.
func (e End) Err() error {
	text := "child exited"
	if e.Reason != nil {
		text = "the child " + e.Reason.Error()
	}
	// A status of 0 adds nothing to a reason, nor does one that our signal caused.
	if e.State != nil && (e.Reason == nil || !e.State.Success() && !e.Signalled) {
		text += ": " + e.State.String()
	}
	if e.Stderr != "" {
		text += "; last line on stderr: " + e.Stderr
	}
	return errors.New(text)
}

// inherited lists the variables that a child inherits, besides all that begin with LC_.
// A child inherits no others, because they may hold secrets.
var inherited = []string{"PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR"}

// Environment returns the environment of a child, sorted. The variables in more are
// added to the inherited ones, or replace them.
func Environment(more map[string]string) []string {
	var env []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if _, replaced := more[name]; !replaced && (slices.Contains(inherited, name) || strings.HasPrefix(name, "LC_")) {
			env = append(env, v)
		}
	}
	for name, value := range more {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return env
}
