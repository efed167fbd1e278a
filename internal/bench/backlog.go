package bench

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"chandy/internal/config"
	"chandy/netnode"
	"chandy/program"
	"chandy/wire"
)

const (
	backlogBytes   = 64 << 20
	backlogMessage = 1 << 10
	// backlogEvery is the pause before each snapshot. It keeps the cost of collecting
	// the JSON of one snapshot out of the time of the next.
	backlogEvery = 100 * time.Millisecond
)

// backlog measures the time until a snapshot is complete while 64 MiB wait on one
// channel for a program that takes 1 ms for each message. Messages that have arrived
// at the receiver, up to a window, travel to the assembler with the receiver's part.
// All other messages are in the sender's outbox, and the sender is the assembler.
//
// There are two references. The first is an idle mesh, which has no messages at all.
// The second is an idle mesh that writes as many bytes, as the state of the receiver.
// A state takes the same way as messages: it is referred to, cut into chunks, written,
// read, copied into a section and decoded. Neither is inspected before the snapshot is
// complete.
func backlog() Benchmark {
	return Benchmark{
		Name: "snapshot/backlog",
		About: "the time until a snapshot of three processes is complete, without writing its JSON, while 64 MiB wait on one channel for a program that takes 1 ms a message, " +
			"with the default window and with a small one; compared with an idle mesh, and (same-bytes) with an idle mesh in which the state of the slow process is as long as the messages that its part contained (recorded)",
		run: func(ctx context.Context, o *Options) (results []Result, err error) {
			for _, f := range []struct {
				name   string
				window config.Size // zero means the default
			}{{"snapshot/backlog", 0}, {"snapshot/backlog/window-64KiB", 64 << 10}} {
				figures := []figure{{f.name, "ms"}, {f.name + "/same-bytes", "ms"}, {f.name + "/recorded", "KiB"}}
				var recorded int
				some, err := compare(ctx, o, figures,
					func(ctx context.Context) ([]float64, error) {
						took, bytes, err := fullRun(ctx, o, f.window, time.Millisecond)
						recorded = bytes
						return []float64{took, took, float64(bytes) / (1 << 10)}, err
					},
					func(ctx context.Context) ([]float64, error) {
						idle, err := stateRun(ctx, o, 0)
						if err != nil {
							return nil, err
						}
						same, err := stateRun(ctx, o, recorded)
						return []float64{idle, same, 0}, err
					})
				if err != nil {
					return nil, err
				}
				results = append(results, some...)
			}
			return results, nil
		},
	}
}

// fullRun measures snapshots with the backlog. It returns their median time in ms, and
// the median of how many bytes of messages the part of the slow process contained. each
// is the time that the slow program takes for a message.
func fullRun(ctx context.Context, o *Options, window config.Size, each time.Duration) (took float64, recorded int, err error) {
	messages := o.messages(backlogBytes / backlogMessage)
	s := newSource(name(1), bytes.Repeat([]byte("x"), backlogMessage))
	var parts []float64
	full := backlogRun(o, config.Network{Window: window, OutboxHigh: 128 << 20, OutboxLimit: 256 << 20}, func(i int) program.Program {
		switch i {
		case 0:
			return s
		case 1:
			return &slow{each: each}
		}
		return quiet{}
	})
	full.ready = func(ctx context.Context, r *running) error {
		s.send(ctx, messages)
		return r.await(ctx, func(st wire.ProcessStatus) bool {
			return st.Outgoing[0].Sent == uint64(messages)
		})
	}
	full.take = func(ctx context.Context, r *running, client *netnode.Client) (wire.EndReply, error) {
		end, arrived, json, err := observe(ctx, r, client)
		if err != nil {
			return end, err
		}
		received, err := receivedIn(json)
		parts = append(parts, float64(max(arrived, received)-received))
		return end, err
	}
	values, err := full.elapsed(ctx)
	if err != nil {
		return 0, 0, err
	}
	return values[0], int(median(parts)) * frameLength(backlogMessage), nil
}

// observe takes a snapshot. It also returns how many messages from the first process had
// arrived at the second just before, and the beginning of the JSON.
//
// Garbage is collected before the snapshot and not during it. A mesh with 64 MiB in its
// outbox collects seldom, an idle mesh at every second snapshot of this size. This
// difference would be larger than the one to be measured. Asking for the status also
// wakes up goroutines that are asleep, before the snapshot is timed.
func observe(ctx context.Context, r *running, client *netnode.Client) (end wire.EndReply, arrived uint64, json beginning, err error) {
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	st, err := r.status(ctx, 1)
	if err != nil {
		return end, 0, nil, err
	}
	end, err = take(ctx, client, &json)
	return end, st.Incoming[0].Arrived, json, err
}

// beginning is an io.Writer that keeps only the first beginningMax bytes.
type beginning []byte

const beginningMax = 4 << 10

func (b *beginning) Write(p []byte) (int, error) {
	*b = append(*b, p[:min(len(p), beginningMax-len(*b))]...)
	return len(p), nil
}

// receivedText matches the count of received messages on the channel p001->p002, which is
// the first channel in the JSON of a snapshot.
var receivedText = regexp.MustCompile(`"channels":\[\{"from":"p001","to":"p002",[^{}]*"received":(\d+)`)

func receivedIn(json []byte) (uint64, error) {
	found := receivedText.FindSubmatch(json)
	if found == nil {
		return 0, fmt.Errorf("no channel p001->p002 at the beginning of the JSON: %q", json)
	}
	return strconv.ParseUint(string(found[1]), 10, 64)
}

// stateRun returns the median time, in ms, of a snapshot of an idle mesh in which the
// state of the second process has the given number of bytes. Zero means a state as
// small as in the other processes.
func stateRun(ctx context.Context, o *Options, state int) (took float64, err error) {
	idle := backlogRun(o, config.Network{}, func(i int) program.Program {
		if i == 1 && state > 0 {
			return &large{state: textState(state)}
		}
		return quiet{}
	})
	idle.take = func(ctx context.Context, r *running, client *netnode.Client) (wire.EndReply, error) {
		end, _, _, err := observe(ctx, r, client)
		return end, err
	}
	values, err := idle.elapsed(ctx)
	if err != nil {
		return 0, err
	}
	return values[0], nil
}

// backlogRun prepares a run of either side. Its first snapshots dial the connections of
// the parts and are not counted.
func backlogRun(o *Options, network config.Network, program func(i int) program.Program) *meshRun {
	return &meshRun{
		every: o.wait(backlogEvery), snapshots: min(5, o.snapshots(3)), warm: warmUp,
		shape: shape{processes: 3, network: network}, program: program,
	}
}

// await polls the status of the first process until good returns true.
func (r *running) await(ctx context.Context, good func(wire.ProcessStatus) bool) error {
	for {
		st, err := r.status(ctx, 0)
		if err != nil {
			return err
		}
		if good(st) {
			return nil
		}
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
}

func (r *running) status(ctx context.Context, i int) (st wire.ProcessStatus, err error) {
	client, err := r.client(ctx, i)
	if err == nil {
		defer client.Close()
		st, err = client.Status(ctx)
	}
	if err != nil {
		err = fmt.Errorf("status of %s: %w", name(i), err)
	}
	return st, err
}
