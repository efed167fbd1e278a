package try

import (
	"errors"
	"strconv"
	"time"

	"chandy/internal/maelstrom"
)

const (
	// unavailableMax is how long a child may refuse requests as temporarily unavailable
	// after its start. A node of Raft does so until there is a leader.
	unavailableMax = 2 * time.Second
	// againAfter is the pause before a request is sent again.
	againAfter = 50 * time.Millisecond
)

// unavailable reports whether a reply is an error that says "temporarily unavailable".
func unavailable(reply maelstrom.Line) bool {
	return reply.Type == "error" && string(reply.Member("code")) == strconv.Itoa(maelstrom.CodeTemporarilyUnavailable)
}

// askAgain is like ask, but sends the request again while the child is unavailable.
func (k *talk) askAgain(body string) (maelstrom.Line, error) {
	for begun := time.Now(); ; {
		reply, err := k.ask(body)
		if err != nil || !unavailable(reply) || time.Since(begun) > unavailableMax {
			return reply, err
		}
		k.mu.Lock()
		k.hesitates = true
		k.mu.Unlock()
		var late *noReply
		if _, _, err := k.awaitAny(againAfter); !errors.As(err, &late) || late.ended != nil {
			return reply, err
		}
	}
}

// warm waits until the child is available, if the program is known to be unavailable after
// its start. It sends a request until the child takes it, which then does not count.
func (h *host) warm() error {
	if !h.hesitates || len(h.trial.answered) == 0 {
		return nil
	}
	taken := false
	replied := func() bool {
		if h.open > 0 {
			return false
		}
		for _, body := range h.replies {
			reply, err := maelstrom.ParseBody(body)
			taken = taken || err != nil || !unavailable(reply)
		}
		h.child.received = 0
		return true
	}
	for begun := time.Now(); !taken && time.Since(begun) < unavailableMax; {
		h.do(func() { h.send(h.trial.answered[0].take(0, 1)) })
		if err := h.await(replied); err != nil {
			return err
		}
		if !taken {
			h.pause()
		}
	}
	return nil
}
