package verify

import "fmt"

// channel holds what the certificate needs from one channel of the document.
type channel struct {
	where          string // "p1->p2", or the path in the document if an end is unknown
	from, to       string
	incarnations   [2]optional[string] // [0] the sender's, from the receiving end; [1] the receiver's, from the sending end
	sent, received optional[uint64]
	messages       messages
	resets         []string // the processes that restarted
}

func (c *checker) readChannel(i int) error {
	ch := &channel{where: fmt.Sprintf("channels[%d]", i)}
	start := len(c.report.Faults)
	ok, err := c.object(func(key string) (err error) {
		switch key {
		case "from":
			ch.from, err = c.name(key)
		case "to":
			ch.to, err = c.name(key)
		case "incarnations":
			err = c.readIncarnations(ch)
		case "sent":
			ch.sent, err = c.number(key)
		case "received":
			ch.received, err = c.number(key)
		case "marker_ms":
			_, err = c.millisecondsOrNull(key)
		case "messages":
			err = c.readMessages(&ch.messages)
		case "reset":
			err = c.readResets(ch)
		default:
			err = c.skip()
		}
		return err
	}, "from", "to", "incarnations", "sent", "received", "messages")
	if err != nil {
		return err
	}
	if !ok {
		c.locate(start, ch.where, 0)
		return nil
	}
	if ch.from != "" && ch.to != "" {
		ch.where = clip(ch.from) + "->" + clip(ch.to)
	}
	c.locate(start, ch.where, 0)
	c.channels = append(c.channels, ch)
	c.report.Channels++
	if len(ch.resets) > 0 {
		c.report.Reset++
	}
	return nil
}

func (c *checker) readIncarnations(ch *channel) error {
	n, err := c.array("incarnations", func(i int) (err error) {
		if i >= len(ch.incarnations) {
			return c.skip()
		}
		name := fmt.Sprintf("incarnations[%d]", i)
		ch.incarnations[i], err = c.textOrNull(name)
		c.checkName(name, ch.incarnations[i])
		return err
	})
	if err == nil && n >= 0 && n != len(ch.incarnations) {
		c.fault("incarnations: has %d, not 2", n)
	}
	return err
}

// readResets reads the earlier resets of the channel. They are information only: the
// certificate does not depend on them.
func (c *checker) readResets(ch *channel) error {
	_, err := c.array("reset", func(i int) error {
		start := len(c.report.Faults)
		_, err := c.object(func(key string) (err error) {
			switch key {
			case "process":
				var id string
				id, err = c.name(key)
				ch.resets = append(ch.resets, id)
			case "incarnation":
				_, err = c.name(key)
			case "discarded":
				var n optional[uint64]
				if n, err = c.number(key); n.null {
					c.fault("discarded: is null, not a number")
				}
			case "unknown":
				err = c.truth(key)
			default:
				err = c.skip()
			}
			return err
		}, "process", "incarnation", "discarded", "unknown")
		c.within(start, fmt.Sprintf("reset[%d]", i))
		return err
	})
	return err
}

func (c *checker) truth(name string) error {
	token, ok, err := c.scalar(name, "true or false")
	if _, isBool := token.(bool); ok && !isBool {
		c.fault("%s: is %s, not true or false", name, describe(token))
	}
	return err
}
