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
// They share it, and a window limits the messages. A connection of their own without
// a limit gains less than a factor of two: with data in every socket all the time,
// each reader keeps its processor for as long as the scheduler lets it, and the
// reader of a marker waits behind all of them as the marker would behind the bytes.
// With a limit it gains next to nothing, a third at most, and would take twice as
// many connections. A window does what small buffers do, whatever the system makes
// of its options; TCP_NOTSENT_LOWAT leaves the receiver's buffer, which is as large
// as the system's. How large the window is weighs throughput against snapshots.
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
