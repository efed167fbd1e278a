package command

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"chandy/netnode"
	"chandy/snapshot"
	"chandy/wire"
)

// fault is a kind of fault. It ends by itself, soon after ctx is done.
type fault struct {
	name string
	run  func(a *attack, ctx context.Context, r *rand.Rand)
}

var faults = []fault{
	{"SIGKILL and restart", func(a *attack, ctx context.Context, r *rand.Rand) { a.restart(ctx, r, syscall.SIGKILL) }},
	{"SIGTERM and restart", func(a *attack, ctx context.Context, r *rand.Rand) { a.restart(ctx, r, syscall.SIGTERM) }},
	{"SIGSTOP", func(a *attack, ctx context.Context, r *rand.Rand) {
		if v := a.lock(r, 0); v != nil {
			defer v.busy.Unlock()
			v.suspend(ctx, between(r, 500, 8000))
		}
	}},
	{"connections of a node cut", func(a *attack, ctx context.Context, r *rand.Rand) {
		for n := 1 + r.IntN(10); n > 0 && ctx.Err() == nil; n-- {
			a.some(r, (*relay).cut)
			pause(ctx, between(r, 0, 500))
		}
	}},
	{"one way stalled", func(a *attack, ctx context.Context, r *rand.Rand) {
		how := between(r, 500, 8000)
		a.some(r, func(one *relay) { one.stall(ctx, forth, how) })
	}},
	{"the way back stalled", func(a *attack, ctx context.Context, r *rand.Rand) {
		how := between(r, 500, 8000)
		a.some(r, func(one *relay) { one.stall(ctx, back, how) })
	}},
	{"one way slow", func(a *attack, ctx context.Context, r *rand.Rand) {
		d, delay, how := direction(r.IntN(2)), between(r, 10, 300), between(r, 500, 5000)
		a.some(r, func(one *relay) { one.slow(ctx, d, delay, how) })
	}},
	{"slow reader", (*attack).slowReader},
	{"client that leaves", (*attack).leave},
	{"Ctrl-C", (*attack).interrupt},
	{"200 snapshots at once", (*attack).burst},
	{"impostor", (*attack).impostor},
	{"crowd", (*attack).crowd},
}

// faults causes a fault every two seconds until ctx is done.
func (a *attack) faults(ctx context.Context, all *sync.WaitGroup) {
	random := a.random("fault", 0)
	every := time.NewTicker(faultEvery)
	defer every.Stop()
	for n := 0; ; n++ {
		select {
		case <-every.C:
		case <-ctx.Done():
			return
		}
		one := faults[random.IntN(len(faults))]
		a.count("faults", 1)
		a.count("faults: "+one.name, 1)
		all.Go(func() { one.run(a, ctx, a.random(one.name, n)) })
	}
}

// between returns a random number of milliseconds.
func between(r *rand.Rand, from, to int) time.Duration {
	return time.Duration(from+r.IntN(to-from)) * time.Millisecond
}

// lock returns a random node from a number on whose lock it has taken, or nil if all are
// locked.
func (a *attack) lock(r *rand.Rand, from int) *victim {
	for _, i := range r.Perm(len(a.nodes) - from) {
		if v := a.nodes[from+i]; v.busy.TryLock() {
			return v
		}
	}
	return nil
}

func (a *attack) restart(ctx context.Context, r *rand.Rand, signal syscall.Signal) {
	v := a.lock(r, steadyNodes)
	if v == nil {
		return
	}
	defer v.busy.Unlock()
	v.end(signal)
	pause(ctx, between(r, 0, 2000))
	v.start()
}

// some calls a function for the relay of one channel, or for all relays to or from a node,
// at the same time.
func (a *attack) some(r *rand.Rand, f func(*relay)) {
	v, which := a.nodes[r.IntN(len(a.nodes))], r.IntN(3)
	other := a.nodes[r.IntN(len(a.nodes))]
	var each sync.WaitGroup
	for ch, one := range a.relays {
		if which == 0 && ch.From == v.id && (ch.To == other.id || v == other) || which == 1 && ch.From == v.id || which == 2 && ch.To == v.id {
			each.Go(func() { f(one) })
		}
	}
	each.Wait()
}

// slowReader asks for a snapshot and does not read for a while.
func (a *attack) slowReader(ctx context.Context, r *rand.Rand) {
	v := a.nodes[r.IntN(len(a.nodes))]
	reader, writer := io.Pipe()
	how := between(r, 500, 4000)
	var text bytes.Buffer
	var both sync.WaitGroup
	both.Go(func() {
		io.CopyN(&text, reader, 1000)
		pause(ctx, how)
		io.Copy(&text, reader)
	})
	q := v.ask()
	bounded, cancel := context.WithTimeout(a.ctx, time.Second+clientPatience)
	defer cancel()
	client, err := netnode.DialClient(bounded, a.cluster, v.id, netnode.TCP{})
	if err == nil {
		_, err = client.Initiate(bounded, nil, time.Second, false, writer, nil)
		client.Close()
	}
	writer.Close()
	both.Wait()
	if err != nil {
		q.failed("snapshot", err)
		return
	}
	a.check(text.Bytes())
}

// leave asks for a snapshot that may take an hour, and leaves.
func (a *attack) leave(ctx context.Context, r *rand.Rand) {
	for range 20 {
		v := a.nodes[r.IntN(len(a.nodes))]
		bounded, cancel := context.WithTimeout(ctx, between(r, 1, 50))
		if client, err := netnode.DialClient(bounded, a.cluster, v.id, netnode.TCP{}); err == nil {
			client.Initiate(bounded, nil, time.Hour, false, io.Discard, nil)
			client.Close()
		}
		cancel()
	}
}

// interrupt interrupts chandy initiate. Its exit code says that, unless it was done before.
func (a *attack) interrupt(ctx context.Context, r *rand.Rand) {
	path, err := exec.LookPath("chandy")
	if err != nil {
		a.fail("%v", err)
		return
	}
	bounded, cancel := context.WithTimeout(a.ctx, clientPatience)
	defer cancel()
	c := exec.CommandContext(bounded, path, "initiate", "--cluster", a.file(), "--timeout", "1m")
	c.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		a.fail("chandy initiate: %v", err)
		return
	}
	pause(ctx, between(r, 10, 200))
	c.Process.Signal(os.Interrupt)
	c.Wait()
	status, _ := c.ProcessState.Sys().(syscall.WaitStatus)
	early := status.Signaled() && status.Signal() == syscall.SIGINT // before it had a handler
	if code := c.ProcessState.ExitCode(); a.ctx.Err() == nil && !early && code != exitYes && code != exitNo && code != exitUnknown {
		a.fail("chandy initiate: got %v after SIGINT, want exit code %d", c.ProcessState, exitUnknown)
	}
}

// burst asks a node for 200 snapshots at once. It takes some and refuses the others.
func (a *attack) burst(_ context.Context, r *rand.Rand) {
	v := a.nodes[r.IntN(len(a.nodes))]
	var each sync.WaitGroup
	for range 200 {
		each.Go(func() { a.take(v, time.Second) })
	}
	each.Wait()
}

// impostor says a true hello of another node to a steady one, as somebody can who has read
// the traffic. The node takes it for a new connection of the channel or for parts of
// snapshots. What follows breaks a rule, so that connection must end, and the true one
// comes back.
func (a *attack) impostor(ctx context.Context, r *rand.Rand) {
	for range 5 {
		v, from := a.nodes[r.IntN(steadyNodes)], a.nodes[r.IntN(len(a.nodes))]
		role := []wire.Role{wire.RoleChannel, wire.RoleAssembly}[r.IntN(2)]
		if h := a.hello(role, from.id, v.id); v != from && h.Incarnation != "" {
			a.violate(v, r, h)
		}
		pause(ctx, between(r, 0, 200))
	}
}

// violate says a hello and then what breaks a rule.
func (a *attack) violate(v *victim, r *rand.Rand, h wire.Hello) {
	s, err := v.dial(a.ctx, r)
	if err != nil {
		return
	}
	defer s.Close()
	s.Write(wire.Append(nil, h))
	if f, err := s.reader.Read(); err != nil || f.Type() != wire.TypeWelcome {
		return // it was replaced meanwhile
	}
	message := snapshot.Batch{First: 1 << 60}
	message.Append([]byte("forged"))
	frames := []wire.Frame{
		wire.Data{Batch: message},
		wire.Marker{Ordinal: 1 << 60, Snapshot: "forged", Assembler: h.From, TimeLeft: time.Second},
		wire.Marker{Ordinal: 1, Snapshot: "forged", Assembler: "nobody", TimeLeft: time.Second},
		wire.Ack{}, h, wire.Welcome{Version: wire.Version, Incarnation: "forged"}, wire.Request{Number: 1, Body: []byte("{}")},
		wire.Chunk{Snapshot: "forged", Process: v.id},
	}
	s.Write(wire.Append(nil, frames[r.IntN(len(frames))]))
	s.awaitEnd("impostor")
}

// hello returns the hello of a node whose incarnation is the last one that was seen.
func (a *attack) hello(role wire.Role, from, to snapshot.ProcessID) wire.Hello {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := wire.Hello{
		Role: role, VersionMin: wire.Version, VersionMax: wire.Version, Cluster: a.cluster.Name, Epoch: 1, ConfigHash: a.cluster.Hash(),
		From: from, To: to, Incarnation: a.incarnations[from],
	}
	if role == wire.RoleControl {
		h.From, h.Incarnation, h.Epoch = "", "", 0
	}
	return h
}

// crowd takes all places for connections without a hello of a node, for as long as the
// node allows.
func (a *attack) crowd(ctx context.Context, r *rand.Rand) {
	v := a.nodes[r.IntN(len(a.nodes))]
	for range 2 * earlySlots {
		if s, err := v.dial(ctx, r); err == nil {
			defer s.Close()
		}
	}
	pause(ctx, 5*time.Second)
}
