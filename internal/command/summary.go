package command

import (
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"chandy/snapshot"
)

// stateMax is how many characters of a state a summary shows.
const stateMax = 40

// printSnapshot prints a line for each process and each channel of a snapshot in JSON.
func (e *env) printSnapshot(text []byte) error {
	g, err := snapshot.Decode(text)
	if err != nil {
		return fmt.Errorf("read the snapshot: %w", err)
	}
	e.printProcesses(g)
	if len(g.Channels) > 0 {
		printExact(e.Stdout, "\n")
		e.printChannels(g)
	}
	return nil
}

func (e *env) printProcesses(g *snapshot.Global) {
	processes := newTable(e.Stdout, "PROCESS", "RECORDED", "STATE")
	for _, p := range g.Processes {
		processes.row(p.ID, "after "+p.RecordedAfter.Round(10*time.Microsecond).String(), stateText(p.State))
	}
	for _, m := range g.Missing {
		if m.Process != "" {
			processes.row(m.Process, "missing", m.Reason)
		}
	}
	processes.flush()
}

func (e *env) printChannels(g *snapshot.Global) {
	channels := newTable(e.Stdout, "CHANNEL", "SENT", "RECEIVED", "IN FLIGHT")
	for _, c := range g.Channels {
		inFlight := "unknown"
		switch {
		case c.Known && c.Received > c.Sent:
			inFlight = "impossible"
		case c.Known:
			inFlight = strconv.FormatUint(c.Sent-c.Received, 10)
		}
		channels.row(c.Channel, known(c.Sent, c.SentKnown), known(c.Received, c.ReceivedKnown), inFlight)
	}
	channels.flush()
}

// known formats a count, which may be missing.
func known(n uint64, known bool) string {
	if !known {
		return "unknown"
	}
	return strconv.FormatUint(n, 10)
}

// stateText returns a state for people, and of a long one the beginning and the size.
func stateText(s snapshot.State) string {
	if s.Error != "" {
		return "no state: " + s.Error
	}
	begin := string(s.Bytes[:min(len(s.Bytes), stateMax*utf8.UTFMax)]) // a state may be 1 GiB
	short := cut(begin, stateMax)
	text := fmt.Sprintf("%s… (%s)", short, size(len(s.Bytes)))
	if len(s.Bytes) <= len(text) {
		return string(s.Bytes) // there is nothing to cut, or cutting saves nothing
	}
	return text
}
