package command

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"chandy/internal/jsonwalk"
	"chandy/internal/verify"
	"chandy/snapshot"
)

// printCut prints a snapshot in sentences, for somebody who has just read the paper. The
// initiators come first, then the other processes in the order of their ids: which of these
// recorded first cannot be known.
func (e *env) printCut(g *snapshot.Global, r *verify.Report) {
	say := func(format string, a ...any) { printLine(e.Stdout, format, a...) }
	say("Snapshot %s of the cluster %s is %s: %s, %s, %s in flight.", g.ID, g.Cluster, g.Status(),
		countOf(len(g.Processes), len(g.Processes)+absent(g), "process", "processes"),
		countOf(len(g.Channels)-len(unknownChannels(g)), len(g.Channels), "channel", "channels"), count(g.InFlight(), "message", "messages"))
	for _, p := range g.Processes {
		if slices.Contains(g.Initiators, p.ID) {
			say("%s recorded its state by itself, as an initiator: %s.", p.ID, describeState(p.State))
		}
	}
	for _, p := range g.Processes {
		if !slices.Contains(g.Initiators, p.ID) {
			say("%s recorded its state when the first marker came: %s.", p.ID, describeState(p.State))
		}
	}
	for _, m := range g.Missing {
		if m.Process != "" {
			say("The state of %s is missing: %s.", m.Process, reason(m))
		} else {
			say("The state of %s is missing: %s.", m.Channel, reason(m))
		}
	}
	var quiet []string
	for _, c := range g.Channels {
		switch {
		case !c.Known:
		case c.Sent == c.Received:
			quiet = append(quiet, c.Channel.String())
		case c.Sent < c.Received:
			say("More was received on %s than had been sent. %s", c.Channel, sentAndReceived(c))
		default:
			say("%s", describeChannel(c))
		}
	}
	if unknown := unknownChannels(g); len(unknown) > 0 {
		say("What was on its way is unknown on %s.", strings.Join(unknown, ", "))
	}
	for _, r := range g.Restarts() {
		say("%s.", r)
	}
	if len(quiet) > 0 {
		say("Nothing was on its way on %s.", strings.Join(quiet, ", "))
	}
	for _, f := range r.Faults {
		say("The cut is not consistent: %s.", f)
	}
	if r.OK() {
		say("The cut is consistent: on every channel no more was received before it than was sent before it, and what was sent and not received is recorded.")
	}
}

func reason(m snapshot.Missing) string {
	if m.Detail == "" {
		return string(m.Reason)
	}
	return fmt.Sprintf("%s (%s)", m.Reason, m.Detail)
}

// absent returns how many processes are missing.
func absent(g *snapshot.Global) (n int) {
	for _, m := range g.Missing {
		if m.Process != "" {
			n++
		}
	}
	return n
}

// unknownChannels returns the channels whose state is missing.
func unknownChannels(g *snapshot.Global) (names []string) {
	for _, c := range g.Channels {
		if !c.Known {
			names = append(names, c.Channel.String())
		}
	}
	return names
}

// inFlightMax is how many messages of a channel printCut shows.
const inFlightMax = 3

// describeChannel says what was on its way on a channel.
func describeChannel(c snapshot.ChannelState) string {
	n := c.Sent - c.Received
	was := "were"
	if n == 1 {
		was = "was"
	}
	text := fmt.Sprintf("%s %s on their way on %s:", count(int(n), "message", "messages"), was, c.Channel)
	if n == 1 {
		text = fmt.Sprintf("1 message was on its way on %s:", c.Channel)
	}
	shown := uint64(0)
	for _, batch := range c.Messages {
		for seq, payload := range batch.All() {
			if shown == inFlightMax {
				return fmt.Sprintf("%s and %d more. %s", text, n-shown, sentAndReceived(c))
			}
			if shown > 0 {
				text += ","
			}
			text += fmt.Sprintf(" number %d, %s", seq, valueText(payload))
			shown++
		}
	}
	return text + ". " + sentAndReceived(c)
}

func sentAndReceived(c snapshot.ChannelState) string {
	return fmt.Sprintf("%s had sent %d, and %s had received %d.", c.Channel.From, c.Sent, c.Channel.To, c.Received)
}

// membersMax is how many members of a state printCut shows.
const membersMax = 6

// describeState returns the first members of a state, and what else is known about it.
func describeState(s snapshot.State) string {
	if s.Error != "" {
		return "no state (" + s.Error + ")"
	}
	text := valueText(s.Bytes)
	if all := members(s.Bytes); len(all) > 0 {
		text = strings.Join(all, ", ")
	}
	switch s.Idle {
	case snapshot.IdleYes:
		text += "; idle"
	case snapshot.IdleNo:
		text += "; not idle"
	}
	return text
}

// members returns the first members of a JSON object.
func members(b []byte) (all []string) {
	if !json.Valid(b) || b[jsonwalk.SkipSpace(b, 0)] != '{' {
		return nil
	}
	for i := jsonwalk.SkipSpace(b, jsonwalk.SkipSpace(b, 0)+1); b[i] != '}' && len(all) < membersMax; {
		end := jsonwalk.SkipString(b, i)
		key := b[i+1 : end-1]
		value := jsonwalk.SkipSpace(b, jsonwalk.SkipSpace(b, end)+1)
		after, _ := jsonwalk.SkipValue(b, value)
		all = append(all, string(key)+" "+valueText(b[value:after]))
		if i = jsonwalk.SkipSpace(b, after); b[i] == ',' {
			i = jsonwalk.SkipSpace(b, i+1)
		}
	}
	return all
}
