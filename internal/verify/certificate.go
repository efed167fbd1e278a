package verify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// checkChannel checks the rule for one channel (Chandy & Lamport 1985, section 3). The
// whole document must have been read.
func (c *checker) checkChannel(ch *channel) {
	if ch.from == "" || ch.to == "" {
		return // already reported
	}
	known := true
	for _, id := range slices.Compact([]string{ch.from, ch.to}) {
		if !c.exists(id) {
			c.fault("%s", c.unknown(id))
			known = false
		}
	}
	for _, id := range ch.resets {
		if id != "" && id != ch.from && id != ch.to {
			c.fault("reset: %s is not an end of the channel", quote(id))
		}
	}
	if !known {
		return
	}
	_, sender := c.processes[ch.from]
	_, receiver := c.processes[ch.to]
	c.checkSides(ch, sender, receiver)
	switch {
	case ch.messages.listed && !(sender && receiver):
		c.fault("has messages, but not the parts of both ends")
	case ch.messages.listed:
		c.checkIncarnations(ch)
		c.checkCounts(ch)
		c.checkNumbers(ch)
	case ch.messages.null:
		c.checkOpen(ch, sender && receiver)
	}
}

// checkSides checks that the values from one end are there if and only if the part of
// that end is. While the channel is open, an end may not know the incarnation of its
// peer even if its part came.
func (c *checker) checkSides(ch *channel, sender, receiver bool) {
	side := func(key string, null, known bool, id string, came, may bool) {
		switch {
		case null && came && !may:
			c.fault("%s: is null, but the part of %s came", key, id)
		case known && !came:
			c.fault("%s: is known, but the part of %s did not come", key, id)
		}
	}
	open := ch.messages.null && c.report.Status == partial
	side("sent", ch.sent.null, ch.sent.known, ch.from, sender, false)
	side("received", ch.received.null, ch.received.known, ch.to, receiver, false)
	side("incarnations[0]", ch.incarnations[0].null, ch.incarnations[0].known, ch.to, receiver, open)
	side("incarnations[1]", ch.incarnations[1].null, ch.incarnations[1].known, ch.from, sender, open)
}

// checkOpen checks a channel whose messages are null: "missing" must give the reason,
// and the known values must not contradict a consistent cut.
func (c *checker) checkOpen(ch *channel, bothCame bool) {
	if c.report.Status != partial {
		c.fault("messages: is null, but the snapshot is not partial")
	}
	if !bothCame {
		return
	}
	reason, listed := c.missing.channels[ch.where]
	if !listed && c.report.Status == partial {
		c.fault("messages: is null, but missing does not say why")
	}
	if reason == processRestarted || c.missing.processes[ch.from] == processRestarted || c.missing.processes[ch.to] == processRestarted {
		return // the numbers prove nothing
	}
	c.checkIncarnations(ch)
	if ch.incarnations[0].known && ch.incarnations[1].known {
		c.checkCounts(ch) // counts from different pairs of incarnations cannot be compared
	}
}

// checkIncarnations checks that both ends counted in the same pair of incarnations.
// After a restart during the snapshot, the numbers can look right on a wrong cut.
func (c *checker) checkIncarnations(ch *channel) {
	differs := func(counted optional[string], id string) bool {
		incarnation := c.processes[id]
		return counted.known && counted.value != "" && incarnation != "" && counted.value != incarnation
	}
	var details []string
	if differs(ch.incarnations[0], ch.from) {
		details = append(details, fmt.Sprintf("%s is %s, %s counted with %s",
			ch.from, quote(c.processes[ch.from]), ch.to, quote(ch.incarnations[0].value)))
	}
	if differs(ch.incarnations[1], ch.to) {
		details = append(details, fmt.Sprintf("%s is %s, %s counted with %s",
			ch.to, quote(c.processes[ch.to]), ch.from, quote(ch.incarnations[1].value)))
	}
	if len(details) > 0 {
		c.fault("counted in different incarnations: process restarted during the snapshot (%s)", strings.Join(details, "; "))
	}
}

// checkCounts checks that nothing was received before the cut and sent after it.
func (c *checker) checkCounts(ch *channel) {
	if ch.sent.known && ch.received.known && ch.received.value > ch.sent.value {
		c.fault("received %d, sent %d: a message was received before the cut and sent after it", ch.received.value, ch.sent.value)
	}
}

// checkNumbers checks that the messages are exactly received+1 … sent, in order.
func (c *checker) checkNumbers(ch *channel) {
	sent, received := ch.sent, ch.received
	if !sent.known || !received.known || received.value > sent.value || ch.messages.broken {
		return // already reported
	}
	c.differences(ch.messages.runs, received.value, sent.value)
}

// checkOrder checks that the channels are sorted by sender, then by receiver, without
// duplicates.
func (c *checker) checkOrder() {
	seen := map[[2]string]bool{}
	var last *channel
	for _, ch := range c.channels {
		if ch.from == "" || ch.to == "" {
			continue
		}
		ends := [2]string{ch.from, ch.to}
		if seen[ends] {
			c.faultAt(ch.where, "is listed twice")
		} else if last != nil && cmp.Or(cmp.Compare(last.from, ch.from), cmp.Compare(last.to, ch.to)) > 0 {
			c.faultAt(ch.where, "is out of order, after %s", last.where)
		}
		seen[ends] = true
		last = ch
	}
}
