package verify

import (
	"encoding/json"
	"fmt"
)

// messages holds the numbers of the messages of one channel, as runs in the order of
// the document. A channel without a fault has at most one run.
type messages struct {
	listed bool // "messages" is an array
	null   bool
	broken bool // a number could not be read, which is already reported
	runs   []run
}

// run holds the numbers first, first+1 … last. Invariant: 1 <= first <= last.
type run struct{ first, last uint64 }

func (m *messages) add(seq uint64) {
	if n := len(m.runs); n > 0 && m.runs[n-1].last+1 == seq { // seq is not 0: no overflow
		m.runs[n-1].last = seq
		return
	}
	m.runs = append(m.runs, run{seq, seq})
}

func (c *checker) readMessages(m *messages) error {
	token, err := c.token()
	if err != nil {
		return err
	}
	if token == nil {
		m.null = true
		return nil
	}
	m.listed = token == json.Delim('[')
	_, err = c.elements("messages", token, func(i int) error { return c.readMessage(m, i) })
	return err
}

func (c *checker) readMessage(m *messages, i int) error {
	start := len(c.report.Faults)
	var seq optional[uint64]
	var payload content
	ok, err := c.object(func(key string) (err error) {
		switch key {
		case "seq":
			seq, err = c.number(key)
			if seq.null {
				c.fault("seq: is null, not a number")
			} else if seq.known && seq.value == 0 {
				c.fault("seq: is 0, but the first is 1")
			}
		case "payload":
			err = c.readContent(&payload, key, false)
		case "payload_base64":
			err = c.readContent(&payload, key, true)
		default:
			err = c.skip()
		}
		return err
	}, "seq")
	if err != nil {
		return err
	}
	if ok {
		c.checkContent(payload, "payload")
	}
	c.report.Messages++
	c.report.Bytes += payload.size
	if seq.value == 0 {
		m.broken = true
		c.within(start, fmt.Sprintf("messages[%d]", i))
		return nil
	}
	m.add(seq.value)
	c.locate(start, "", seq.value)
	return nil
}
