package snapshot

import (
	"fmt"
	"math/rand/v2"
)

// randomGlobal is a snapshot of a random run of a random cluster: complete, or
// partial because a process stopped, restarted, gave up or was never reached.
func randomGlobal(random *rand.Rand) *Global {
	c := newCluster(randomTopology(random))
	all := c.topology.Processes
	anyone := func() ProcessID { return all[random.IntN(len(all))] }
	for _, id := range all {
		c.states[id] = string(randomPayload(random))
		c.delayed[id] = random.IntN(2) == 0
	}
	const id = "20261122T073525123456Z-k3m9x2q7ab"
	begin, troubles := random.IntN(60), random.IntN(3) == 0
	for step := range 400 {
		at := anyone()
		switch roll := random.IntN(100); {
		case step == begin, step > begin && roll == 0:
			if !c.stopped[at] {
				c.initiate(at, id) //nolint:errcheck // known already
			}
		case roll < 20 && step < 200:
			if out := c.topology.Out(at); len(out) > 0 && !c.stopped[at] {
				c.send(at, out[random.IntN(len(out))], randomPayload(random))
			}
		case roll < 60:
			if busy := c.busy(); len(busy) > 0 {
				c.deliver(busy[random.IntN(len(busy))])
			}
		case roll < 80:
			c.receiveAny(at, random)
		case roll < 90:
			if c.hosts[at].recorder.Capturing() && !c.stopped[at] {
				c.record(at)
			}
		case troubles && step > begin:
			c.trouble(at, anyone(), id, random)
		}
	}
	if c.snapshots[id] == nil {
		c.stopped = map[ProcessID]bool{}
		c.initiate(all[0], id) //nolint:errcheck // the first one
	}
	return c.global(id)
}

// receiveAny lets a program receive a message, if one waits.
func (c *cluster) receiveAny(at ProcessID, random *rand.Rand) {
	h := c.hosts[at]
	if h.recorder.Capturing() || c.stopped[at] || len(h.in) == 0 {
		return
	}
	if from := c.topology.In(at)[random.IntN(len(h.in))]; h.waiting(from) {
		h.receive(from)
	}
}

// trouble is something by which a snapshot becomes partial, or the end of one.
func (c *cluster) trouble(at, other ProcessID, id ID, random *rand.Rand) {
	switch random.IntN(30) {
	case 0:
		c.stopped[at] = true
	case 1:
		c.restart(at)
	case 2:
		c.hosts[at].recorder.Abandon(id)
	default:
		if at != other && !c.stopped[at] && !c.stopped[other] {
			c.meet(at, other)
		}
	}
}

func randomTopology(random *rand.Rand) *Topology {
	all := ids("a b-1 c.2 p10 p9")[:1+random.IntN(5)]
	var channels []Channel
	for _, from := range all {
		for _, to := range all {
			if random.IntN(3) > 0 {
				channels = append(channels, Channel{from, to})
			}
		}
	}
	return NewTopology(all, channels)
}

func randomPayload(random *rand.Rand) []byte {
	switch random.IntN(6) {
	case 0:
		return nil
	case 1:
		b := make([]byte, random.IntN(40))
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return b
	case 2:
		return []byte("null")
	case 3:
		return fmt.Appendf(nil, "{\"type\":\r\n \"transfer\", \"amount\": %d}\n", random.Uint64())
	}
	return fmt.Appendf(nil, "%d", random.Uint64())
}
