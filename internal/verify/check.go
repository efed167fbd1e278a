package verify

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	format       = "chandy/snapshot.v1"
	formatFamily = "chandy/snapshot.v"

	complete = "complete"
	partial  = "partial"
)

// checker is the state of one call of Check.
type checker struct {
	*decoder
	report Report
	more   int // faults beyond faultsMax

	format     bool // the key "format" has been read, with the right value
	initiators []string
	processes  map[string]string // the incarnation of each; empty if it has a fault
	unfinished []string          // processes with a null completed_after_ms
	channels   []*channel
	missing    missing
}

// Check reads a file with one snapshot, as Documents.Next does. Data after its end is an
// error.
func Check(r io.Reader) (*Report, error) {
	documents, err := Open(r)
	if err != nil {
		return nil, err
	}
	report, err := documents.Next()
	if err == nil {
		err = documents.decoder.end()
	}
	if err != nil {
		return nil, err
	}
	return report, nil
}

// document reads one document.
func (c *checker) document() error {
	if err := c.start(); err != nil {
		return err
	}
	err := c.members(c.member, "id", "cluster", "epoch", "status", "initiators",
		"started_at", "elapsed_ms", "processes", "channels", "missing")
	if err != nil {
		return err
	}
	if !c.format {
		return errors.New(`not a snapshot: has no "format"`)
	}
	return nil
}

// member reads one member of the document. It ignores unknown keys, because later
// writers may add some.
func (c *checker) member(key string) (err error) {
	switch key {
	case "format":
		return c.readFormat()
	case "id":
		c.report.ID, err = c.name(key)
	case "cluster":
		c.report.Cluster, err = c.name(key)
	case "epoch":
		var epoch optional[uint64]
		if epoch, err = c.number(key); epoch.null {
			c.fault("epoch: is null, not a number")
		} else if epoch.known && epoch.value == 0 {
			c.fault("epoch: is 0, but the first is 1")
		}
	case "status":
		var status optional[string]
		status, err = c.text(key)
		c.report.Status = status.value
		if status.known && status.value != complete && status.value != partial {
			c.fault("status: is %s, not \"complete\" or \"partial\"", quote(status.value))
		}
	case "initiators":
		return c.readInitiators()
	case "started_at":
		return c.readTime(key)
	case "elapsed_ms":
		_, err = c.milliseconds(key)
	case "processes":
		return c.readProcesses()
	case "channels":
		_, err = c.array(key, c.readChannel)
	case "missing":
		_, err = c.array(key, c.readMissing)
	case "journal":
		err = c.readJournals()
	default:
		return c.skip()
	}
	return err
}

func (c *checker) readFormat() error {
	token, err := c.token()
	if err != nil {
		return err
	}
	name, isString := token.(string)
	number, ours := strings.CutPrefix(name, formatFamily)
	switch {
	case name == format:
		c.format = true
		return nil
	case !isString:
		return fmt.Errorf("not a snapshot: format is %s, not %q", describe(token), format)
	case ours && newer(number):
		return fmt.Errorf("format is %s, newer than %q, the only one that this version of chandy can verify", quote(name), format)
	}
	return fmt.Errorf("not a snapshot: format is %s, not %q", quote(name), format)
}

// newer reports whether the version is a whole number above 1.
func newer(version string) bool {
	return version != "" && version != "1" && version[0] != '0' && strings.Trim(version, "0123456789") == ""
}

func (c *checker) readTime(key string) error {
	at, err := c.text(key)
	if err != nil || !at.known {
		return err
	}
	if _, err := time.Parse(time.RFC3339, at.value); err != nil {
		c.fault("%s: is %s, not a time as in RFC 3339", key, quote(at.value))
	}
	return nil
}

func (c *checker) readInitiators() error {
	n, err := c.array("initiators", func(i int) error {
		id, err := c.text(fmt.Sprintf("initiators[%d]", i))
		if id.known {
			c.initiators = append(c.initiators, id.value)
		}
		return err
	})
	if err == nil && n == 0 {
		c.fault("initiators: is empty")
	}
	return err
}

func (c *checker) fault(what string, args ...any) { c.faultAt("", what, args...) }

func (c *checker) faultAt(where, what string, args ...any) {
	if len(c.report.Faults) == faultsMax {
		c.more++
		return
	}
	c.report.Faults = append(c.report.Faults, Fault{Where: where, What: fmt.Sprintf(what, args...)})
}

// locate sets the place of the faults from index start on that have none yet. It runs
// after a whole element has been read, because the name of a channel may come after its
// messages.
func (c *checker) locate(start int, where string, seq uint64) {
	for i := start; i < len(c.report.Faults); i++ {
		f := &c.report.Faults[i]
		if f.Where == "" {
			f.Where = where
		}
		if f.Seq == 0 {
			f.Seq = seq
		}
	}
}

// within puts the path before the text of the faults from index start on.
func (c *checker) within(start int, path string) {
	for i := start; i < len(c.report.Faults); i++ {
		c.report.Faults[i].What = path + ": " + c.report.Faults[i].What
	}
}
