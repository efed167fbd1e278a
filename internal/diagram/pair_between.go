package diagram

import (
	"chandy/internal/difference"
	"chandy/snapshot"
)

// Between is what a process did between the two cuts.
type Between struct {
	Known          bool // Sent and Received cover all channels of the process
	Anew           bool // the process was restarted
	Sent, Received int64
}

// between returns what a process sent and received between the cuts.
func (p *Pair) between(id snapshot.ProcessID) Between {
	d, ok := p.processes[id]
	b := Between{Known: ok && d.Where == difference.Both, Anew: d.Anew}
	for _, c := range p.channels {
		if c.Channel.From != id && c.Channel.To != id {
			continue
		}
		if c.Where != difference.Both || c.Anew || c.Unknown != "" {
			b.Known = false
		}
		if c.Channel.From == id {
			b.Sent += c.Sent
		}
		if c.Channel.To == id {
			b.Received += c.Received
		}
	}
	return b
}

// lines returns what stands between the cuts of a process.
func (b Between) lines() []string {
	switch {
	case b.Anew:
		return []string{"began anew"}
	case !b.Known:
		return []string{"(not known)"}
	}
	return []string{"sent " + signed(b.Sent), "received " + signed(b.Received)}
}

// sign returns Same if nothing happened between the cuts.
func (b Between) sign() Sign {
	if b.Known && !b.Anew && b.Sent == 0 && b.Received == 0 {
		return Same
	}
	return Single
}
