package verify

// readTimes reads when a process reached the stages of the snapshot. They are information
// only: the certificate does not depend on them.
func (c *checker) readTimes() error {
	start := len(c.report.Faults)
	read := func(key string) (err error) {
		switch key {
		case "first_marker_ms", "held_ms", "settled_ms", "asked_ms", "encoded_ms", "sent_ms":
			_, err = c.millisecondsOrNull(key)
		default:
			err = c.skip()
		}
		return err
	}
	_, err := c.object(read, "first_marker_ms", "held_ms", "settled_ms", "asked_ms", "encoded_ms", "sent_ms")
	c.within(start, "times")
	return err
}
