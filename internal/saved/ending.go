package saved

import (
	"errors"
	"fmt"
	"strings"

	"chandy/snapshot"
)

// Ending says how a program ended that nobody had asked to. Its node writes it to the store
// before the node ends too, because the next incarnation cannot know. A node that is killed
// leaves none.
//
// The time is certain. The messages are a guess, except for a program in Go that panicked or
// stopped its node while it received one. A child has been handed the messages and has not
// answered them. It may have died of any of them, most likely of the first, or of none.
type Ending struct {
	Epoch   uint64 `json:"epoch"`
	By      Node   `json:"by"`
	AfterMS int64  `json:"after_ms"` // since the program began in the epoch
	Why     string `json:"why"`
	// Handling has what the program may have been handling, in the order in which it received
	// it.
	Handling []Handled `json:"handling,omitempty"`
}

// Handled is a message, or the request of a client, that a program has received.
type Handled struct {
	From snapshot.ProcessID `json:"from"`
	Seq  uint64             `json:"seq,omitempty"` // 0 for a client
	// InBase reports whether the message was in flight in the base of the epoch. Then it comes
	// again after each restore of that base, and restore --skip leaves it out.
	InBase bool `json:"in_base,omitempty"`
}

// Format returns the format of the record.
func (*Ending) Format() string { return "chandy/ending.v1" }

// Check returns what is wrong with an ending.
func (e *Ending) Check() error {
	switch {
	case e.Epoch == 0:
		return errors.New("epoch 0: epochs begin at 1")
	case e.By.Process.Check() != nil:
		return fmt.Errorf("by %q: %w", e.By.Process, e.By.Process.Check())
	}
	return nil
}

// handlingShown is how many messages a text lists.
const handlingShown = 3

// String returns a text for people, such as "p2 ends 0.4 s after the restore, while it handles
// p1->p2#119".
func (e *Ending) String() string {
	text := fmt.Sprintf("%s ends %d ms after the restore", e.By.Process, e.AfterMS)
	if e.AfterMS >= 100 {
		text = fmt.Sprintf("%s ends %.1f s after the restore", e.By.Process, float64(e.AfterMS)/1000)
	}
	var all []string
	for _, h := range e.Handling {
		all = append(all, h.to(e.By.Process))
	}
	switch n := len(all); {
	case n == 0:
		return text
	case n == 1:
		return text + ", while it handles " + all[0]
	case n <= handlingShown:
		return text + ", while it handles " + strings.Join(all[:n-1], ", ") + " or " + all[n-1]
	default:
		return fmt.Sprintf("%s, while it handles %s or one of %d later ones", text, all[0], n-1)
	}
}

func (h Handled) to(process snapshot.ProcessID) string {
	if h.From.IsClient() {
		return "a request of client " + string(h.From)
	}
	return fmt.Sprintf("%s#%d", snapshot.Channel{From: h.From, To: process}, h.Seq)
}

// Skip returns the first message that restore --skip can leave out, as it is named there. The
// text is empty if there is none, or if the request of a client came before all messages.
func (e *Ending) Skip() string {
	for _, h := range e.Handling {
		switch {
		case h.From.IsClient():
			return ""
		case h.InBase:
			return h.to(e.By.Process)
		}
	}
	return ""
}
