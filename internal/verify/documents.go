package verify

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Documents reads the snapshots of a file one after the other.
type Documents struct {
	decoder *decoder
	read    int // snapshots
}

// Open begins to read a file. A byte order mark at its beginning is passed over. An error
// means that the file is not in UTF-8.
func Open(r io.Reader) (*Documents, error) {
	b := bufio.NewReader(r)
	head, _ := b.Peek(3) // an error comes again
	skipped := 0
	switch {
	case bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")):
		skipped, _ = b.Discard(3)
	case bytes.HasPrefix(head, []byte("\xFF\xFE")), bytes.HasPrefix(head, []byte("\xFE\xFF")),
		bytes.HasPrefix(head, []byte("{\x00")), bytes.HasPrefix(head, []byte("\x00{")):
		return nil, errors.New("not a snapshot: UTF-16, not UTF-8: iconv -f UTF-16 -t UTF-8 converts it")
	}
	return &Documents{decoder: newDecoder(b, int64(skipped))}, nil
}

// Offset returns how many bytes of the file come before the end of the last snapshot.
func (d *Documents) Offset() int64 { return d.decoder.source.skipped + d.decoder.json.InputOffset() }

// Next checks the next snapshot: its structure and its certificate. It returns io.EOF after
// the last one, and another error if what comes is not a snapshot at all: not JSON, not an
// object, or of another or a newer format. Everything else is a Fault in the Report. After
// an error there is nothing more to read.
func (d *Documents) Next() (*Report, error) {
	if d.read > 0 && !d.decoder.json.More() && d.decoder.ended() {
		return nil, io.EOF
	}
	d.read++
	c := &checker{decoder: d.decoder, processes: map[string]string{}, missing: newMissing()}
	if err := c.document(); err != nil {
		return nil, err
	}
	if at, bad := c.invalidUTF8(); bad && at < c.json.InputOffset()+c.source.skipped {
		c.fault("invalid UTF-8 at byte %d", at)
	}
	c.checkProcesses()
	c.checkMissing()
	c.checkOrder()
	for _, ch := range c.channels {
		start := len(c.report.Faults)
		c.checkChannel(ch)
		c.locate(start, ch.where, 0)
	}
	if c.more > 0 {
		c.report.Faults = append(c.report.Faults, Fault{What: fmt.Sprintf("and %d more faults", c.more)})
	}
	c.keepNames()
	return &c.report, nil
}
