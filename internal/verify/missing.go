package verify

import "fmt"

// processRestarted is the only reason that this package must know: after a restart, the
// numbers of a channel prove nothing.
const processRestarted = "process restarted"

// missing holds the entries of "missing": what a partial snapshot lacks, and why.
type missing struct {
	entries   []entry           // in the order of the document
	processes map[string]string // id to reason
	channels  map[string]string // name, such as "p2->p1", to reason
}

type entry struct {
	name    string // "p3" or "p2->p1"
	channel bool
}

func newMissing() missing {
	return missing{processes: map[string]string{}, channels: map[string]string{}}
}

func (c *checker) readMissing(i int) error {
	start := len(c.report.Faults)
	var process, channel, reason, detail optional[string]
	ok, err := c.object(func(key string) (err error) {
		switch key {
		case "process":
			process, err = c.text(key)
		case "channel":
			channel, err = c.text(key)
		case "reason":
			reason, err = c.text(key)
			c.checkName(key, reason)
		case "detail":
			detail, err = c.text(key)
		default:
			err = c.skip()
		}
		return err
	}, "reason", "detail")
	if err != nil {
		return err
	}
	where := fmt.Sprintf("missing[%d]", i)
	switch {
	case !ok:
	case process.known && channel.known:
		c.fault(`has both "process" and "channel"`)
	case process.known:
		c.addMissing(c.missing.processes, entry{process.value, false}, reason.value)
		if !isProcessID(process.value) {
			c.fault("%s is not the id of a process", quote(process.value))
		}
	case channel.known:
		c.addMissing(c.missing.channels, entry{channel.value, true}, reason.value)
	case start == len(c.report.Faults):
		c.fault(`has neither "process" nor "channel"`)
	}
	c.locate(start, where, 0)
	line := where
	if process.value+channel.value != "" {
		line = process.value + channel.value
	}
	for _, s := range []string{reason.value, detail.value} {
		if s != "" {
			line += ": " + s
		}
	}
	c.report.Missing = append(c.report.Missing, line)
	return nil
}

func (c *checker) addMissing(to map[string]string, e entry, reason string) {
	if _, listed := to[e.name]; listed {
		c.fault("%s is in missing twice", quote(e.name))
		return
	}
	to[e.name] = reason
	c.missing.entries = append(c.missing.entries, e)
}

// checkMissing checks that the listed processes and channels really are missing.
func (c *checker) checkMissing() {
	entries := len(c.report.Missing)
	if c.report.Status != partial {
		if entries > 0 {
			c.fault("missing: is not empty, but the snapshot is not partial")
		}
		return
	}
	if entries == 0 {
		c.fault("missing: is empty, but the snapshot is partial")
	}
	channels := map[string]*channel{}
	for _, ch := range c.channels {
		channels[ch.where] = ch
	}
	for _, e := range c.missing.entries {
		_, came := c.processes[e.name]
		switch ch := channels[e.name]; {
		case !e.channel && came && c.missing.processes[e.name] != processRestarted:
			c.faultAt(clip(e.name), "is in missing, but its part came")
		case e.channel && ch == nil:
			c.faultAt(clip(e.name), "is in missing, but not in channels")
		case e.channel && ch.messages.listed:
			c.faultAt(clip(e.name), "is in missing, but its messages are there")
		}
	}
}
