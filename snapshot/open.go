package snapshot

import (
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"
)

// Idle says whether a process was idle when its state was recorded. An idle process does
// nothing of its own accord: it sends a message only after it has received one. A process
// with a timer that will send a message is not idle.
type Idle byte

const (
	IdleUnknown Idle = iota // the program does not say; the zero value
	IdleNo
	IdleYes
)

// IdleIf returns IdleYes or IdleNo.
func IdleIf(idle bool) Idle {
	if idle {
		return IdleYes
	}
	return IdleNo
}

// OpenRequest is a request that a process had received and not answered when its state was
// recorded. From and MsgID identify the message.
type OpenRequest struct {
	// From is the process or client that sent the request.
	From ProcessID
	// MsgID is the "msg_id" of the request as JSON text: a number or a string of at most
	// MsgIDMax bytes. It is empty if the request has no such id.
	MsgID string
	// Since is how long the request had been open when the state was recorded.
	Since time.Duration
}

const (
	// OpenMax is how many open requests of a process a snapshot lists.
	OpenMax = 64
	// MsgIDMax is the longest MsgID, in bytes.
	MsgIDMax = 64
)

// boundOpen returns the state of a program with at most OpenMax of its open requests. If
// they break a rule, it returns a state with an error.
func (s State) boundOpen() State {
	s.OpenTotal = max(s.OpenTotal, uint64(len(s.Open)))
	s.Open = s.Open[:min(len(s.Open), OpenMax)]
	if err := s.CheckOpen(); err != nil {
		return State{Error: "the program's open requests: " + err.Error(), About: s.About}
	}
	return s
}

// CheckOpen returns an error that says what is wrong with the open requests, or nil.
func (s State) CheckOpen() error {
	switch {
	case len(s.Open) > OpenMax:
		return fmt.Errorf("%d open requests are listed, more than %d", len(s.Open), OpenMax)
	case uint64(len(s.Open)) > s.OpenTotal:
		return fmt.Errorf("%d open requests are listed, but there are %d", len(s.Open), s.OpenTotal)
	case s.Open == nil && s.OpenTotal > 0:
		return fmt.Errorf("%d open requests, but no list of them", s.OpenTotal)
	}
	for i, r := range s.Open {
		if err := r.Check(); err != nil {
			return fmt.Errorf("open[%d]: %w", i, err)
		}
		if i > 0 && r.Since > s.Open[i-1].Since {
			return fmt.Errorf("open[%d] is older than open[%d]: the oldest comes first", i, i-1)
		}
	}
	return nil
}

// Check returns an error that says what is wrong with the request, or nil.
func (r OpenRequest) Check() error {
	err := r.From.Check()
	switch {
	case err != nil && (!r.From.IsClient() || len(r.From) > ProcessIDMax):
		return fmt.Errorf("from: %q %w", clip(string(r.From)), err)
	case !isMsgID(r.MsgID):
		return fmt.Errorf("msg_id: %q is not a number or a string in JSON of at most %d bytes", clip(r.MsgID), MsgIDMax)
	case r.Since < 0:
		return fmt.Errorf("since: %v is negative", r.Since)
	}
	return nil
}

// isMsgID reports whether id is a MsgID.
func isMsgID(id string) bool {
	if id == "" {
		return true
	}
	first := id[0]
	return len(id) <= MsgIDMax && (first == '"' || first == '-' || '0' <= first && first <= '9') &&
		utf8.ValidString(id) && json.Valid([]byte(id)) && id[len(id)-1] > ' '
}
