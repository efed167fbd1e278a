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
// channel for a program that takes 1 ms for each message.
func backlog() Benchmark {
	return Benchmark{
		Name:  "snapshot/backlog",
		About: "a snapshot of three processes with 64 MiB waiting on one channel for a program that takes 1 ms a message, until it is complete (the writing of its JSON not counted), against the idle mesh",
		run: func(ctx context.Context, o *Options) ([]Result, error) {
			messages := o.messages(backlogBytes / backlogMessage)
			idle := &meshRun{every: o.wait(backlogEvery), snapshots: min(5, o.snapshots(3)), shape: shape{processes: 3}, program: func(int) netnode.Program { return quiet{} }}
			s := newSource(name(1), bytes.Repeat([]byte("x"), backlogMessage))
			full := &meshRun{
				every: o.wait(backlogEvery), snapshots: min(5, o.snapshots(3)),
				shape: shape{processes: 3, network: `outbox_high = "128MiB"` + "\n" + `outbox_limit = "256MiB"`},
				program: func(i int) netnode.Program {
					switch i {
					case 0:
						s = newSource(name(1), s.payload)
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
			return compare(ctx, o, []figure{{"snapshot/backlog", "ms"}}, full.elapsed, idle.elapsed)
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
