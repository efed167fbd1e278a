package bench

import (
	"context"
	"fmt"
	"runtime"
	"time"
)

// limits are what may keep messages from filling the kernel's buffers, and with
// them the processors, before a marker.
var limits = []struct {
	name string
	flow flow
}{
	{"none", flow{}},
	{"buffers-64KiB", flow{send: 64 << 10, receive: 64 << 10}},
	{"buffers-64KiB-256KiB", flow{send: 64 << 10, receive: 256 << 10}},
	{"unsent-16KiB", flow{unsent: 16 << 10}},
	{"window-16KiB", flow{window: 16 << 10}},
	{"window-64KiB", flow{window: 64 << 10}},
	{"window-1MiB", flow{window: 1 << 20}},
}

const (
	// flowSettle is how long messages flow before the first snapshot, so that the
	// kernel's buffers have grown and are full, and flowEvery the time between two.
	flowSettle = 200 * time.Millisecond
	flowEvery  = 10 * time.Millisecond
)

// markerConnection answers whether markers should share the connection of their
// channel's messages, and what should limit those.
//
// They share it, and a window limits the messages (two cores, Linux, in ms for 3 and
// 10 processes; idle 0.15 and 1.3):
//   - Without a limit 35 and 680, and on a connection of their own still 21 and 380:
//     with data in every socket all the time, each reader keeps its processor for as
//     long as the scheduler lets it, and the reader of a marker waits behind them as
//     the marker would behind the bytes. What is on the way has to be limited.
//   - With a window of 64 KiB 0.9 and 13, and on their own 0.9 and 13; with 1 MiB 6
//     and 110, and 5 and 100. That is not worth twice as many connections.
//   - Small buffers (64 KiB) take 1.9 and 40, and 1.4 and 24 on their own, and carry
//     twice as much as a window of 64 KiB; but what the options mean is the system's
//     affair. TCP_NOTSENT_LOWAT takes 14 and 230: it leaves the receiver's buffer.
//
// How large the window is weighs snapshots against throughput: 16 KiB carries a
// seventh of what 1 MiB does, 64 KiB half.
func markerConnection(n int) Benchmark {
	title := fmt.Sprintf("marker-connection/%d", n)
	return Benchmark{
		Name: title,
		About: fmt.Sprintf("a snapshot by the skeleton of a full mesh of %d in which every channel carries as many messages of 1 KiB as it can, markers ahead of what is not written on the same connection and on one of their own, "+
			"with small buffers, a limit on what is unsent, or a window, against the idle skeleton; and how much all channels carry meanwhile", n),
		run: func(ctx context.Context, o *Options) (results []Result, err error) {
			n := n
			if o.Quick {
				n = 3 // with 10 even one snapshot takes up to a second
			}
			idle, err := newSkeleton(ctx, n, nil)
			if err != nil {
				return nil, err
			}
			defer idle.close()
			for _, limit := range limits {
				if limit.flow.unsent != 0 && runtime.GOOS != "linux" {
					o.Skipped(title + "/" + limit.name + ": it needs the TCP_NOTSENT_LOWAT of Linux")
					continue
				}
				for _, connection := range []string{"shared", "own"} {
					f := limit.flow
					f.own = connection == "own"
					name := title + "/" + connection + "/" + limit.name
					some, err := compare(ctx, o, []figure{{name, "ms"}, {name + "/carried", "MiB/s"}},
						func(ctx context.Context) ([]float64, error) { return flowRun(ctx, o, n, f) },
						func(context.Context) ([]float64, error) {
							took, err := medianTime(o.snapshots(n), idle.snapshot)
							return append(took, 0), err
						})
					if err != nil {
						return nil, err
					}
					results = append(results, some...)
				}
			}
			return results, nil
		},
	}
}

// flowRun is the median time of a snapshot while messages flow, and how many MiB a
// second all channels carry.
func flowRun(ctx context.Context, o *Options, n int, f flow) ([]float64, error) {
	s, err := newSkeleton(ctx, n, &f)
	if err != nil {
		return nil, err
	}
	defer s.close()
	for least := int64(0); least == 0; _, least = s.carried() {
		if err := pause(ctx, o.wait(flowSettle)); err != nil {
			return nil, err
		}
	}
	before, _ := s.carried()
	began := time.Now()
	var took []float64
	for range min(o.snapshots(n), 5) {
		if err := pause(ctx, o.wait(flowEvery)); err != nil {
			return nil, err
		}
		one, err := medianTime(1, s.snapshot)
		if err != nil {
			return nil, err
		}
		took = append(took, one...)
	}
	after, _ := s.carried()
	return []float64{median(took), float64(after-before) / time.Since(began).Seconds() / (1 << 20)}, nil
}

// carried is how many bytes of messages arrived on all channels, and on that with
// the least.
func (s *skeleton) carried() (all, least int64) {
	least = s.lanes[0].carried.Load()
	for _, l := range s.lanes {
		n := l.carried.Load()
		all, least = all+n, min(least, n)
	}
	return all, least
}
