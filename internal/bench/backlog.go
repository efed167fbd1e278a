package bench

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"chandy/netnode"
	"chandy/program"
	"chandy/wire"
)

const (
	backlogBytes   = 64 << 20
	backlogMessage = 1 << 10
	// backlogEvery is the time between two snapshots, so that one does not pay for
	// the memory that the JSON of the last one took.
	backlogEvery = 100 * time.Millisecond
)

// backlog is the time until a snapshot is complete while 64 MiB wait on one channel
// for a program that takes 1 ms for each message. What of it has arrived there, up to
// a window, goes to the assembler with the part of that process; what has not is in
// the outbox of the assembler's own. So there are two references: an idle mesh, which
// has neither, and one that writes as much, as the state of the same process. A state
// goes the same way as messages: referred to, cut into chunks, written, read, copied
// into a section, decoded. Nothing looks into it before the snapshot is complete.
func backlog() Benchmark {
	return Benchmark{
		Name: "snapshot/backlog",
		About: "a snapshot of three processes with 64 MiB waiting on one channel for a program that takes 1 ms a message, until it is complete (the writing of its JSON not counted), " +
			"with the default window and with a small one, against the idle mesh, and (same-bytes) against an idle mesh in which the state of the same process is as long as the messages that its part had (recorded)",
		run: func(ctx context.Context, o *Options) (results []Result, err error) {
			for _, f := range []struct{ name, network string }{
				{"snapshot/backlog", ""},
				{"snapshot/backlog/window-64KiB", `window = "64KiB"`},
			} {
				figures := []figure{{f.name, "ms"}, {f.name + "/same-bytes", "ms"}, {f.name + "/recorded", "KiB"}}
				var recorded int
				some, err := compare(ctx, o, figures,
					func(ctx context.Context) ([]float64, error) {
						took, bytes, err := fullRun(ctx, o, f.network, time.Millisecond)
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

// fullRun is the median time of a snapshot with the backlog, in ms, and how many bytes
// of messages the part of the slow process had, of one in the middle. each is what the
// slow program takes for a message.
func fullRun(ctx context.Context, o *Options, network string, each time.Duration) (took float64, recorded int, err error) {
	messages := o.messages(backlogBytes / backlogMessage)
	s := newSource(name(1), bytes.Repeat([]byte("x"), backlogMessage))
	var parts []float64
	full := backlogRun(o, network+"\noutbox_high = \"128MiB\"\noutbox_limit = \"256MiB\"", func(i int) program.Program {
		switch i {
		case 0:
			return s
		case 1:
			return &slow{each: each}
		}
		return quiet{}
	})
	full.ready = func(ctx context.Context, r *running) error {
		s.send(messages)
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

// observe takes a snapshot. It gives also how many messages of the first process had
// arrived at the second just before, and the beginning of the JSON.
//
// Garbage is collected before it and not meanwhile: a mesh with 64 MiB in its outbox
// collects seldom, an idle one every second snapshot of this size, and that is more
// than anything else that the two differ in. The status also wakes what is asleep.
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

// beginning is a Writer that keeps the first beginningMax bytes.
type beginning []byte

const beginningMax = 4 << 10

func (b *beginning) Write(p []byte) (int, error) {
	*b = append(*b, p[:min(len(p), beginningMax-len(*b))]...)
	return len(p), nil
}

// receivedText finds what the second process had received of the first in the JSON of a
// snapshot, of which it is the first channel.
var receivedText = regexp.MustCompile(`"channels":\[\{"from":"p001","to":"p002",[^{}]*"received":(\d+)`)

func receivedIn(json []byte) (uint64, error) {
	found := receivedText.FindSubmatch(json)
	if found == nil {
		return 0, fmt.Errorf("no channel p001->p002 where the JSON begins: %q", json)
	}
	return strconv.ParseUint(string(found[1]), 10, 64)
}

// stateRun is the median time of a snapshot of an idle mesh in which the state of the
// second process has so many bytes, or is as small as the others if 0, in ms.
func stateRun(ctx context.Context, o *Options, state int) (took float64, err error) {
	idle := backlogRun(o, "", func(i int) program.Program {
		if i == 1 && state > 0 {
			return &large{state: fmt.Appendf(nil, "%q", strings.Repeat("x", max(0, state-2)))}
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

// backlogRun is a run of either side. Its first snapshots dial the connections of the
// parts and are not counted.
func backlogRun(o *Options, network string, program func(i int) program.Program) *meshRun {
	return &meshRun{
		every: o.wait(backlogEvery), snapshots: min(5, o.snapshots(3)), warm: warmUp,
		shape: shape{processes: 3, network: network}, program: program,
	}
}

// await waits until the status of the first process is as it should be.
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
