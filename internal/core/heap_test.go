package core

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"chandy/internal/config"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// The heap that floods of small frames take is at most three times what counts as memory,
// and a constant.
func TestFloodsTakeTheMemoryThatCounts(t *testing.T) {
	const frames = 40000
	message := func(n int, stamp uint64) wire.Frame {
		return wire.Data{Stamp: stamp, Batch: snapshot.Batch{First: uint64(n), Count: 1, Body: []byte{0}}}
	}
	marker := func(n int, assembler snapshot.ProcessID, left time.Duration) wire.Frame {
		return wire.Marker{Ordinal: uint64(n), Snapshot: snapshot.ID(fmt.Sprintf("%08d", n)), Assembler: assembler, TimeLeft: left, Sent: uint64(n - 1)}
	}
	for _, flood := range []struct {
		name  string
		role  wire.Role
		setUp func(c *Core) // if non-nil, called after the connection
		frame func(c *Core, n int) []wire.Frame
	}{
		{"messages", wire.RoleChannel, nil, func(_ *Core, n int) []wire.Frame { return []wire.Frame{message(n, 0)} }},
		{"messages that are recorded", wire.RoleChannel, func(c *Core) {
			control(c, 1, wire.InitiateRequest{TimeoutMS: timeoutMax.Milliseconds()})
		}, func(_ *Core, n int) []wire.Frame { return []wire.Frame{message(n, 0)} }},
		{"messages after markers", wire.RoleChannel, nil, func(_ *Core, n int) []wire.Frame {
			return []wire.Frame{marker(n, "p2", 0), message(n, uint64(n))}
		}},
		{"markers that are refused", wire.RoleChannel, nil, func(_ *Core, n int) []wire.Frame {
			return []wire.Frame{marker(n, "p3", time.Hour), message(n, uint64(n))}
		}},
		{"joins", wire.RoleAssembly, nil, func(_ *Core, n int) []wire.Frame {
			return []wire.Frame{wire.Join{Snapshot: snapshot.ID(fmt.Sprintf("%08d", n)), Assembler: "p2", TimeLeft: time.Hour}}
		}},
		{"sections without an end", wire.RoleAssembly, func(c *Core) {
			control(c, 1, wire.InitiateRequest{TimeoutMS: timeoutMax.Milliseconds()})
		}, func(c *Core, n int) []wire.Frame {
			for id := range c.epoch.assemblies {
				return []wire.Frame{wire.Chunk{Snapshot: id, Process: "p2", Section: uint64(n)}}
			}
			return nil
		}},
	} {
		cluster := mesh(t, 3, config.Definition{Snapshot: config.Snapshot{Markers: "in-order"}})
		c := newCore(cluster, "p1")
		p := &stub{silent: true}
		c.Step(0, []Event{Begin{Epoch: 1, Program: p}, fromP2(c, -1, flood.role, "i")})
		p.process.Hold()
		if flood.setUp != nil {
			flood.setUp(c)
			p.done(program.State{})
		}
		before := heapInUse()
		for n := 1; n <= frames; n++ {
			effects := c.Step(c.now+time.Microsecond, []Event{Arrived{-1, flood.frame(c, n)}})
			if refused := written[wire.Refuse](effects, -1); len(refused) > 0 {
				t.Fatalf("%s: frame %d: got %v, want none", flood.name, n, refused)
			}
		}
		grown := heapInUse() - before
		if most := 3*c.epoch.memory().Used + 3<<19; grown > most {
			t.Errorf("%s: got %d bytes of heap for %v, want at most %d", flood.name, grown, c.Holdings(), most)
		}
		runtime.KeepAlive(c)
	}
}

func heapInUse() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
