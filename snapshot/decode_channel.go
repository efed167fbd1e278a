package snapshot

import "strings"

var channelKeys = keys{
	required: []string{"from", "to", "incarnations", "sent", "received", "messages"},
	optional: []string{"reset", "marker_ms"},
}

func (d *decoder) channel() error {
	var c ChannelState
	err := d.object(&channelKeys, func(key string) (err error) {
		switch key {
		case "from":
			return d.process(&c.Channel.From)
		case "to":
			return d.process(&c.Channel.To)
		case "incarnations":
			return d.incarnations(&c)
		case "sent":
			c.SentKnown, err = d.countOrNull(&c.Sent)
		case "received":
			c.ReceivedKnown, err = d.countOrNull(&c.Received)
		case "marker_ms":
			c.MarkerKnown, err = d.millisecondsOrNull(&c.MarkerAfter)
		case "messages":
			c.Known = !d.null()
			if c.Known {
				return d.array(func(int) error { return d.message(&c) })
			}
		default: // "reset"
			return d.array(func(int) error { return d.reset(&c) })
		}
		return err
	})
	d.global.Channels = append(d.global.Channels, c)
	return err
}

func (d *decoder) incarnations(c *ChannelState) error {
	seen := []*Incarnation{&c.SeenByReceiver, &c.SeenBySender}
	n := 0
	err := d.array(func(i int) error {
		if n++; i >= len(seen) {
			d.raw()
			return nil
		}
		if d.null() {
			return nil
		}
		return d.name((*string)(seen[i]))
	})
	if err == nil && n != len(seen) {
		return misfits("has %d elements, not 2", n)
	}
	return err
}

var messageKeys = keys{required: []string{"seq"}, optional: []string{"payload", "payload_base64"}}

// message adds one message to the batches of a channel: to the last one if it has the
// number before.
func (d *decoder) message(c *ChannelState) error {
	var seq uint64
	payload := content{name: "payload"}
	err := d.object(&messageKeys, func(key string) error {
		switch key {
		case "seq":
			return d.ordinal(&seq)
		case "payload":
			return d.plain(&payload)
		default: // "payload_base64"
			return d.base64(&payload)
		}
	})
	if err != nil {
		return err
	}
	if n := len(c.Messages); n == 0 || c.Messages[n-1].Last()+1 != seq {
		c.Messages = append(c.Messages, Batch{First: seq})
	}
	c.Messages[len(c.Messages)-1].Append(payload.bytes)
	return payload.check()
}

var resetKeys = keys{required: []string{"process", "incarnation", "discarded", "unknown"}}

func (d *decoder) reset(c *ChannelState) error {
	var reset Reset
	err := d.object(&resetKeys, func(key string) error {
		switch key {
		case "process":
			return d.process(&reset.Process)
		case "incarnation":
			return d.name((*string)(&reset.Incarnation))
		case "discarded":
			return d.count(&reset.Discarded)
		default: // "unknown"
			return d.truth(&reset.Unknown)
		}
	})
	c.Resets = append(c.Resets, reset)
	return err
}

var missingKeys = keys{required: []string{"reason", "detail"}, optional: []string{"process", "channel"}}

func (d *decoder) missing() error {
	var m Missing
	var channel string
	err := d.object(&missingKeys, func(key string) error {
		switch key {
		case "process":
			return d.process(&m.Process)
		case "channel":
			return d.channelName(&channel, &m.Channel)
		case "reason":
			return d.name((*string)(&m.Reason))
		default: // "detail"
			return d.text(&m.Detail)
		}
	})
	if err == nil && (m.Process == "") == (channel == "") {
		err = misfits(`must have one of "process" and "channel"`)
	}
	d.global.Missing = append(d.global.Missing, m)
	return err
}

// channelName reads a channel as it is printed: p1->p2.
func (d *decoder) channelName(text *string, to *Channel) error {
	err := d.text(text)
	if err != nil {
		return err
	}
	from, receiver, _ := strings.Cut(*text, "->")
	*to = Channel{ProcessID(from), ProcessID(receiver)}
	if to.From.Check() != nil || to.To.Check() != nil {
		return misfits("is %q, not a channel such as \"p1->p2\"", clip(*text))
	}
	return nil
}
