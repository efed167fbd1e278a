package saved

import (
	"errors"
	"fmt"
	"regexp"

	"chandy/snapshot"
)

// CorruptError says that what lies in a store is proved to differ from what was saved.
type CorruptError struct {
	Object string // name of the object, if it is known
	Differ string // how it differs
}

func (e *CorruptError) Error() string {
	if e.Object == "" {
		return "corrupt: " + e.Differ
	}
	return e.Object + " is corrupt: " + e.Differ
}

func corrupt(format string, a ...any) *CorruptError {
	return &CorruptError{Differ: fmt.Sprintf(format, a...)}
}

const nameMax = 64

var (
	name   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)
	hash   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	likeID = regexp.MustCompile(`^[0-9]{8}T[0-9]+Z-`)
)

// CheckID returns an error that says why id cannot be the id of a snapshot, or nil. A
// checked id is safe as a file name.
func CheckID(id snapshot.ID) error {
	switch {
	case len(id) > nameMax:
		return fmt.Errorf("has %d bytes, more than %d", len(id), nameMax)
	case !name.MatchString(string(id)):
		return errors.New("must consist of letters, digits, '.', '_' and '-', and begin and end with a letter or a digit")
	}
	return nil
}

// CheckName returns an error that says why text cannot be the user's name for a snapshot, or
// nil.
func CheckName(text string) error {
	switch {
	case text == "latest" || text == "now":
		return errors.New("is a word with a meaning of its own")
	case likeID.MatchString(text):
		return errors.New("looks like the id of a snapshot")
	}
	return CheckID(snapshot.ID(text))
}
