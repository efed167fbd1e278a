package command

import (
	"strconv"

	"chandy/snapshot"
	"chandy/wire"
)

// channelStatus is the status of a channel at both ends. An end is nil if its process is
// not reachable. The ends reported at slightly different times.
type channelStatus struct {
	snapshot.Channel
	sender   *wire.OutgoingStatus
	receiver *wire.IncomingStatus
}

// joined returns all channels of the cluster file, sorted, with the reports of their ends.
func (s clusterStatus) joined() []channelStatus {
	senders, receivers := map[snapshot.Channel]*wire.OutgoingStatus{}, map[snapshot.Channel]*wire.IncomingStatus{}
	for _, p := range s.Processes {
		if p.Status == nil {
			continue
		}
		for i := range p.Status.Outgoing {
			o := &p.Status.Outgoing[i]
			senders[snapshot.Channel{From: p.Process, To: o.To}] = o
		}
		for i := range p.Status.Incoming {
			in := &p.Status.Incoming[i]
			receivers[snapshot.Channel{From: in.From, To: p.Process}] = in
		}
	}
	all := make([]channelStatus, len(s.channels))
	for i, c := range s.channels {
		all[i] = channelStatus{c, senders[c], receivers[c]}
	}
	return all
}

// end is one end of a channel, at a process that is reachable.
type end struct {
	at snapshot.ProcessID
	wire.LinkStatus
}

func (c channelStatus) ends() []end {
	var ends []end
	if c.sender != nil {
		ends = append(ends, end{c.From, c.sender.LinkStatus})
	}
	if c.receiver != nil {
		ends = append(ends, end{c.To, c.receiver.LinkStatus})
	}
	return ends
}

// up reports whether the channel is up at every end that reported.
func (c channelStatus) up() bool {
	for _, end := range c.ends() {
		if !end.Up {
			return false
		}
	}
	return c.sender != nil || c.receiver != nil
}

// since returns for how many milliseconds the channel has been up or down, as the first end
// says that is in this state.
func (c channelStatus) since() float64 {
	for _, end := range c.ends() {
		if end.Up == c.up() {
			return end.SinceMS
		}
	}
	return 0
}

// unknownCount stands for the count of an end that did not report.
const unknownCount = "?"

func (c channelStatus) sent() string {
	if c.sender == nil {
		return unknownCount
	}
	return strconv.FormatUint(c.sender.Sent, 10)
}

func (c channelStatus) received() string {
	if c.receiver == nil {
		return unknownCount
	}
	return strconv.FormatUint(c.receiver.Received, 10)
}

// inFlight returns how many messages are in flight, if both ends reported.
func (c channelStatus) inFlight() (n uint64, known bool) {
	if c.sender == nil || c.receiver == nil {
		return 0, false
	}
	// The receiver may have reported later than the sender, and so have received more.
	return c.sender.Sent - min(c.sender.Sent, c.receiver.Received), true
}

func (c channelStatus) inFlightText() string {
	n, known := c.inFlight()
	if !known {
		return unknownCount
	}
	return strconv.FormatUint(n, 10)
}
