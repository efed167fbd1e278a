package sim

import (
	"bytes"
	"slices"

	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// padded makes some messages of a program so long that they travel in fragments. They are
// JSON objects and mean the same as before.
type padded struct {
	program.Program
	odds int // one message of so many is long
}

// Start starts the program with a Process that pads.
func (p padded) Start(process program.Process) {
	p.Program.Start(padding{process, p.odds, bytes.Repeat([]byte(" "), 3*wire.FragmentMax)})
}

type padding struct {
	program.Process
	odds   int
	spaces []byte
}

func (p padding) Send(to snapshot.ProcessID, payload []byte) error {
	if !to.IsClient() && p.Rand().IntN(p.odds) == 0 {
		spaces := p.spaces[:wire.FragmentMax+p.Rand().IntN(2*wire.FragmentMax)]
		payload = slices.Concat(payload[:1], spaces, payload[1:])
	}
	return p.Process.Send(to, payload)
}
