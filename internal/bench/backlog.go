package bench

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"chandy/netnode"
)

const (
	backlogBytes   = 64 << 20
	backlogMessage = 1 << 10
	// backlogEvery is the time between two snapshots, so that one does not pay for
	// the memory that the JSON of the last one took.
	backlogEvery = 100 * time.Millisecond
)

// backlog is the time until a snapshot is complete while 64 MiB wait on one
// channel for a program that takes 1 ms for each message. What of it has arrived goes
// to the assembler with the part of that program's process: up to a window.
func backlog() Benchmark {
	return Benchmark{
		Name: "snapshot/backlog",
		About: "a snapshot of three processes with 64 MiB waiting on one channel for a program that takes 1 ms a message, until it is complete (the writing of its JSON not counted), " +
			"with the default window and with a small one, against the idle mesh",
		run: func(ctx context.Context, o *Options) (results []Result, err error) {
			idle := &meshRun{every: o.wait(backlogEvery), snapshots: min(5, o.snapshots(3)), shape: shape{processes: 3}, program: func(int) netnode.Program { return quiet{} }}
			for _, f := range []struct{ name, network string }{
				{"snapshot/backlog", ""},
				{"snapshot/backlog/window-64KiB", `window = "64KiB"`},
			} {
				full := backlogRun(o, f.network)
				some, err := compare(ctx, o, []figure{{f.name, "ms"}}, full.elapsed, idle.elapsed)
				if err != nil {
					return nil, err
				}
				results = append(results, some...)
			}
			return results, nil
		},
	}
}

func backlogRun(o *Options, network string) *meshRun {
	messages := o.messages(backlogBytes / backlogMessage)
	payload := bytes.Repeat([]byte("x"), backlogMessage)
	var s *source
	return &meshRun{
		every: o.wait(backlogEvery), snapshots: min(5, o.snapshots(3)),
		shape: shape{processes: 3, network: network + "\noutbox_high = \"128MiB\"\noutbox_limit = \"256MiB\""},
		program: func(i int) netnode.Program {
			switch i {
			case 0:
				s = newSource(name(1), payload)
				return s
			case 1:
				return &slow{each: time.Millisecond}
			}
			return quiet{}
		},
		ready: func(ctx context.Context, r *running) error {
			s.send(messages)
			return r.await(ctx, func(st netnode.ProcessStatus) bool {
				return st.Outgoing[0].Sent == uint64(messages)
			})
		},
	}
}

// await waits until the status of the first process is as it should be.
func (r *running) await(ctx context.Context, good func(netnode.ProcessStatus) bool) error {
	client, err := r.client(ctx, 0)
	if err != nil {
		return err
	}
	defer client.Close()
	for {
		st, err := client.Status(ctx)
		if err != nil {
			return fmt.Errorf("status of %s: %w", name(0), err)
		}
		if good(st) {
			return nil
		}
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
}
