package verify

import (
	"fmt"
	"slices"
	"strings"
)

// eventKinds lists the values of the key "kind" of an event.
var eventKinds = []string{"sent", "received", "recorded", "marker_sent", "marker_received"}

// readJournals reads the events round the cut. They are information only: the certificate
// does not depend on them. So only their types are checked.
func (c *checker) readJournals() error {
	start := len(c.report.Faults)
	_, err := c.object(func(id string) error {
		start := len(c.report.Faults)
		_, err := c.object(c.readJournal, "recorded_at", "events", "omitted")
		c.within(start, fmt.Sprintf("[%s]", quote(id)))
		return err
	})
	c.within(start, "journal")
	return err
}

func (c *checker) readJournal(key string) (err error) {
	switch key {
	case "recorded_at":
		err = c.readTime(key)
	case "events":
		_, err = c.array(key, c.readEvent)
	case "omitted":
		err = c.readCount(key)
	default:
		err = c.skip()
	}
	return err
}

func (c *checker) readEvent(i int) error {
	start := len(c.report.Faults)
	_, err := c.object(func(key string) (err error) {
		switch key {
		case "kind":
			var kind optional[string]
			kind, err = c.text(key)
			if kind.known && !slices.Contains(eventKinds, kind.value) {
				c.fault("kind: is %s, not one of %s", quote(kind.value), strings.Join(eventKinds, ", "))
			}
		case "at_ms":
			err = c.readLength(key)
		case "peer", "type":
			_, err = c.text(key)
		case "seq", "bytes":
			err = c.readCount(key)
		default:
			err = c.skip()
		}
		return err
	}, "kind", "at_ms")
	c.within(start, fmt.Sprintf("events[%d]", i))
	return err
}
