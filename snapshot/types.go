package snapshot

import (
	"errors"
	"fmt"
	"regexp"
)

// ProcessID names a process, for example "p1". See [ProcessID.Check].
type ProcessID string

// ID names a snapshot: the time of its start, then random characters, for
// example "20261122T073525123456Z-k3m9x2q7ab". Sorted as text, ids are sorted by
// time, and the ids of one assembler ascend. An id is safe as a file name. This package
// only compares ids.
type ID string

// Incarnation names one lifetime of a node. It is empty for a peer of which a process
// has never heard.
type Incarnation string

// ProcessIDMax is the limit of a process id, in bytes.
const ProcessIDMax = 64

var (
	processID = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$`)
	clientID  = regexp.MustCompile(`^c[0-9]+$`)
)

// Check returns an error that says why id cannot be the name of a process, or nil.
func (id ProcessID) Check() error {
	switch {
	case id == "":
		return errors.New("is empty")
	case len(id) > ProcessIDMax:
		return fmt.Errorf("has %d bytes, more than %d", len(id), ProcessIDMax)
	case !processID.MatchString(string(id)):
		return errors.New("must consist of a-z, 0-9, '.', '_' and '-', and begin and end with a letter or a digit")
	case id.IsClient():
		return errors.New("is kept for clients (c followed by digits)")
	}
	return nil
}

// IsClient reports whether id belongs to a client rather than to a process.
func (id ProcessID) IsClient() bool { return clientID.MatchString(string(id)) }

// Channel is a directed FIFO from one process to another, or to itself.
type Channel struct {
	From, To ProcessID
}

// String returns the channel in the form p1->p2.
func (c Channel) String() string { return string(c.From) + "->" + string(c.To) }

// Compare orders channels by sender, then receiver.
func (c Channel) Compare(d Channel) int {
	switch {
	case c.From != d.From:
		return compare(c.From, d.From)
	default:
		return compare(c.To, d.To)
	}
}

func compare(a, b ProcessID) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
