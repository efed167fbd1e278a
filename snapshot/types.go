package snapshot

import (
	"errors"
	"fmt"
	"regexp"
)

// ProcessID names a process, for example "p1". See [ProcessID.Check].
type ProcessID string

// ID names a snapshot: the time of its start, then random characters, for
// example "20261122T073525123456Z-k3m9x2q7ab". It sorts by time as text and is
// safe as a file name. The package compares ids and never looks inside.
type ID string

// Incarnation names one lifetime of a node. The empty Incarnation is that of a
// peer which was never heard of.
type Incarnation string

// ProcessIDMax is the longest process id, in bytes.
const ProcessIDMax = 64

var (
	processID = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$`)
	clientID  = regexp.MustCompile(`^c[0-9]+$`)
)

// Check says what is wrong with id as the name of a process.
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

// IsClient tells whether id belongs to a client rather than to a process.
func (id ProcessID) IsClient() bool { return clientID.MatchString(string(id)) }

// Channel is a directed FIFO from one process to another, or to itself.
type Channel struct {
	From, To ProcessID
}

// String gives the channel as it is printed everywhere: p1->p2.
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

// Message is what a program sent on a channel, numbered 1, 2, 3 … there.
type Message struct {
	Seq     uint64
	Payload []byte
}
