package verify

import (
	"encoding/json"
	"fmt"
)

const (
	openMax  = 64 // open requests of a process
	msgIDMax = 64 // bytes of a msg_id
)

// openRequests is what a process has in "open" and "open_total".
type openRequests struct {
	listed  bool // the key "open" is there
	n       int  // elements of "open"; -1 if it is not an array
	total   optional[uint64]
	counted bool // the key "open_total" is there
}

func (c *checker) readOpen(open *openRequests) (err error) {
	open.listed = true
	last := optional[float64]{}
	open.n, err = c.array("open", func(i int) error {
		start := len(c.report.Faults)
		since, err := c.readOpenRequest()
		if last.known && since.known && since.value > last.value {
			c.fault("since_ms: is %v, after %v: the oldest comes first", since.value, last.value)
		}
		last = since
		c.within(start, fmt.Sprintf("open[%d]", i))
		return err
	})
	return err
}

func (c *checker) readOpenRequest() (since optional[float64], err error) {
	_, err = c.object(func(key string) (err error) {
		switch key {
		case "from":
			var from optional[string]
			from, err = c.text(key)
			if id := from.value; from.known && !isProcessID(id) && (len(id) > processIDMax || !clientID.MatchString(id)) {
				c.fault("from: is %s, not the id of a process or a client", quote(id))
			}
		case "msg_id":
			err = c.readMsgID()
		case "since_ms":
			since, err = c.milliseconds(key)
		default:
			err = c.skip()
		}
		return err
	}, "from", "msg_id", "since_ms")
	return since, err
}

// readMsgID reads a number, a string or null.
func (c *checker) readMsgID() error {
	var raw json.RawMessage
	if err := c.value(&raw); err != nil {
		return err
	}
	switch raw[0] {
	case '[', '{', 't', 'f':
		c.fault("msg_id: is not a number, a string or null")
	default:
		if len(raw) > msgIDMax {
			c.fault("msg_id: has %d bytes, more than %d", len(raw), msgIDMax)
		}
	}
	return nil
}

// checkRequests checks that the list and the total fit.
func (c *checker) checkRequests(open openRequests) {
	switch {
	case open.listed && !open.counted:
		c.fault("has \"open\" without \"open_total\"")
	case open.counted && !open.listed:
		c.fault("has \"open_total\" without \"open\"")
	case open.n > openMax:
		c.fault("open: has %d requests, more than %d", open.n, openMax)
	case open.total.known && open.n > 0 && uint64(open.n) > open.total.value:
		c.fault("open: has %d requests, but open_total is %d", open.n, open.total.value)
	}
}
