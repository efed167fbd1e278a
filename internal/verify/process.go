package verify

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const processIDMax = 64

var (
	processID = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$`)
	clientID  = regexp.MustCompile(`^c[0-9]+$`)
)

// isProcessID reports whether id can be the id of a process. The rule makes channel
// names unambiguous: an id has no "->".
func isProcessID(id string) bool {
	return len(id) <= processIDMax && processID.MatchString(id) && !clientID.MatchString(id)
}

func (c *checker) readProcesses() error {
	start := len(c.report.Faults)
	_, err := c.object(c.readProcess)
	for i := start; i < len(c.report.Faults); i++ {
		if f := &c.report.Faults[i]; f.Where == "" {
			f.What = "processes: " + f.What
		}
	}
	return err
}

// readProcess reads the part of one process.
func (c *checker) readProcess(id string) error {
	start := len(c.report.Faults)
	where := id
	if !isProcessID(id) {
		where = fmt.Sprintf("processes[%s]", quote(id))
		c.fault("is not the id of a process")
	}
	var state content
	var failed bool
	var incarnation string
	var recorded, completed optional[float64]
	var open openRequests
	var asked []string // keys that only the state of a child has
	ok, err := c.object(func(key string) (err error) {
		switch key {
		case "state":
			err = c.readContent(&state, key, false)
		case "state_base64":
			err = c.readContent(&state, key, true)
		case "state_error":
			failed = true
			_, err = c.text(key)
		case "settled":
			asked = append(asked, key)
			err = c.readSettled(key)
		case "printed_before_reply", "unanswered":
			asked = append(asked, key)
			err = c.readCount(key)
		case "idle":
			err = c.truth(key)
		case "open":
			err = c.readOpen(&open)
		case "open_total":
			open.total, err = c.number(key)
			if open.total.null {
				c.fault("open_total: is null, not a number")
			}
			open.counted = true
		case "incarnation":
			incarnation, err = c.name(key)
		case "recorded_after_ms":
			recorded, err = c.milliseconds(key)
		case "completed_after_ms":
			completed, err = c.millisecondsOrNull(key)
		case "times":
			err = c.readTimes()
		default:
			err = c.skip()
		}
		return err
	}, "incarnation", "recorded_after_ms", "completed_after_ms")
	if err != nil {
		return err
	}
	if ok {
		c.checkContent(state, "state")
	}
	if failed && (state.plain && !state.null || state.base64) {
		c.fault("has a \"state_error\" and a state")
	}
	if len(asked) != 0 && len(asked) != 3 {
		c.fault("has %s without the others of settled, printed_before_reply and unanswered", strings.Join(asked, " and "))
	}
	c.checkRequests(open)
	if recorded.known && completed.known && recorded.value > completed.value {
		c.fault("recorded after %v ms, completed after %v ms", recorded.value, completed.value)
	}
	if completed.null {
		c.unfinished = append(c.unfinished, id)
	}
	c.processes[id] = incarnation
	c.report.Processes++
	c.locate(start, where, 0)
	return nil
}

// settled lists the values of the key "settled".
var settled = []string{"acknowledged+idle", "acknowledged", "idle", "none"}

func (c *checker) readSettled(name string) error {
	s, err := c.text(name)
	if s.known && !slices.Contains(settled, s.value) {
		c.fault("%s: is %s, not one of %s", name, quote(s.value), strings.Join(settled, ", "))
	}
	return err
}

func (c *checker) readCount(name string) error {
	n, err := c.number(name)
	if n.null {
		c.fault("%s: is null, not a number", name)
	}
	return err
}

// checkProcesses must run at the end, because processes can come after initiators.
func (c *checker) checkProcesses() {
	if c.report.Processes == 0 && c.report.Status != partial {
		c.fault("processes: is empty")
	}
	for _, id := range c.unfinished {
		if c.report.Status != partial {
			c.faultAt(clip(id), "completed_after_ms: is null, but the snapshot is not partial")
		}
	}
	for _, id := range c.initiators {
		if !c.exists(id) {
			c.fault("initiators: %s", c.unknown(id))
		}
	}
}

// exists reports whether id is a process of the snapshot: its part came or, in a
// partial snapshot, it is listed as missing.
func (c *checker) exists(id string) bool {
	_, came := c.processes[id]
	_, listed := c.missing.processes[id]
	return came || listed && c.report.Status == partial
}

func (c *checker) unknown(id string) string {
	if c.report.Status == partial {
		return quote(id) + " is neither in processes nor in missing"
	}
	return quote(id) + " is not in processes"
}
