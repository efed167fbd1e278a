package core

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/config"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// stub is a program that sends back what it receives.
type stub struct {
	process  program.Process
	received int
	silent   bool                // sends nothing back and leaves Capture unanswered
	done     func(program.State) // answers the last Capture
}

func (p *stub) Start(process program.Process) { p.process = process }

func (p *stub) Receive(from snapshot.ProcessID, payload []byte) {
	p.received++
	if !p.silent {
		p.process.Send(from, payload)
	}
}

func (p *stub) Restore(_ []byte, done func(error)) { done(nil) }

func (p *stub) Capture(done func(program.State)) {
	p.done = done
	if !p.silent {
		done(program.State{})
	}
}

// newCores returns the cores of p1 and p2, which have a channel to each other. They have
// made no step. The test is their host.
func newCores(t testing.TB) (cores [2]*Core) {
	t.Helper()
	cluster := mesh(t, 2, config.Definition{})
	for i, id := range cluster.IDs() {
		cores[i] = newCore(cluster, id)
	}
	return cores
}

// newCore returns the core of a process. It has made no step.
func newCore(cluster *config.Cluster, id snapshot.ProcessID) *Core {
	return New(Options{
		Cluster: cluster, ID: id, Incarnation: snapshot.Incarnation(id), Log: zerolog.Nop(),
		Rand: rand.New(rand.NewPCG(1, 1)), Wall: time.Now, Do: func(f func()) { f() },
	})
}

// mesh returns a cluster of n processes from p1 on, with a channel from each to every
// other, and the settings of d.
func mesh(t testing.TB, n int, d config.Definition) *config.Cluster {
	t.Helper()
	d.Name = "t"
	for i := range n {
		d.Processes = append(d.Processes, config.ProcessDefinition{
			ID: snapshot.ProcessID(fmt.Sprint("p", i+1)), Address: fmt.Sprint("127.0.0.1:", i+1),
		})
	}
	cluster, err := config.Build(d)
	if err != nil {
		t.Fatal(err)
	}
	return cluster
}

// started returns the core of p1 after its first step, in epoch 1, and its program.
func started(t *testing.T) (*Core, *stub) {
	t.Helper()
	c, p := newCores(t)[0], &stub{}
	c.Step(0, []Event{Begin{Epoch: 1, Program: p}})
	return c, p
}

// fromP2 returns the event that p2 has connected to p1.
func fromP2(c *Core, conn ConnID, role wire.Role, incarnation snapshot.Incarnation) Event {
	return Accepted{Conn: conn, Hello: wire.Hello{
		VersionMin: wire.Version, VersionMax: wire.Version, Role: role, Cluster: c.Cluster.Name, Epoch: 1,
		ConfigHash: c.hash, From: "p2", To: "p1", Incarnation: incarnation,
	}}
}

// control returns the replies to a request on the session with number -9, which it
// opens at first use.
func control(c *Core, now time.Duration, request wire.Control) []wire.Reply {
	if c.conns[-9] == nil {
		c.Step(now, []Event{Accepted{Conn: -9, Hello: wire.Hello{
			VersionMin: wire.Version, VersionMax: wire.Version, Role: wire.RoleControl, Cluster: c.Cluster.Name, To: c.self,
		}}})
	}
	body, err := wire.EncodeControl(request)
	if err != nil {
		panic(err)
	}
	return written[wire.Reply](c.Step(now, []Event{Arrived{-9, []wire.Frame{wire.Request{Number: 1, Body: body}}}}), -9)
}

// only returns the effects of one type.
func only[E Effect](effects []Effect) (list []E) {
	for _, e := range effects {
		if e, ok := e.(E); ok {
			list = append(list, e)
		}
	}
	return list
}

// written returns the frames of one type that effects write to a connection.
func written[F wire.Frame](effects []Effect, conn ConnID) (frames []F) {
	for _, w := range only[Write](effects) {
		for _, f := range w.Frames {
			if f, ok := f.(F); ok && w.Conn == conn {
				frames = append(frames, f)
			}
		}
	}
	return frames
}
