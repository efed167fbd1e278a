package bench

import (
	"context"
	"fmt"
	"net"
	"time"

	"chandy/program"
	"chandy/snapshot"
)

const (
	roundTrips    = 20_000
	roundTripSize = 64 // bytes of a message
)

// roundTrip measures the time of a message and its answer between two operating-system
// processes, and compares it with a plain stream.
func roundTrip() Benchmark {
	return Benchmark{
		Name:  "round-trip",
		About: "the time of a message of 64 bytes and its answer between two operating-system processes, median and 99th percentile; compared with a plain framed TCP stream",
		run: func(ctx context.Context, o *Options) ([]Result, error) {
			figures := []figure{{"round-trip/p50", "µs"}, {"round-trip/p99", "µs"}}
			return compare(ctx, o, figures,
				func(ctx context.Context) ([]float64, error) { return channelTrips(ctx, o) },
				func(ctx context.Context) ([]float64, error) { return streamTrips(ctx, o) })
		},
	}
}

// trips records the times of round trips.
type trips struct {
	began  time.Time
	took   []float64     // in µs
	warm   int           // round trips still to be made before any is recorded
	count  int           // round trips to be recorded
	finish chan struct{} // closed when all are recorded
}

func newTrips(o *Options) *trips {
	n := o.messages(roundTrips)
	return &trips{warm: n / 10, count: n, finish: make(chan struct{})}
}

// back records the arrival of an answer. It reports whether to send another message.
func (t *trips) back() bool {
	now := time.Now()
	if t.warm--; t.warm < 0 {
		t.took = append(t.took, float64(now.Sub(t.began).Nanoseconds())/1e3)
	}
	t.began = now
	if len(t.took) == t.count {
		close(t.finish)
		return false
	}
	return len(t.took) < t.count
}

// values waits for the last answer and returns p50 and p99. The remote prints nothing
// meanwhile, so a line from it is an error.
func (t *trips) values(ctx context.Context, r *remote) ([]float64, error) {
	select {
	case line, ok := <-r.lines:
		if !ok {
			return nil, r.err
		}
		return nil, fmt.Errorf("the other process printed %q, expected nothing", line)
	case <-t.finish:
		return []float64{quantile(t.took, 0.50), quantile(t.took, 0.99)}, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// pinger is a program that sends a message, waits for the answer and sends the next.
type pinger struct {
	quiet
	process program.Process
	to      snapshot.ProcessID
	message []byte
	*trips
}

func (p *pinger) Start(process program.Process) {
	p.process = process
	p.ping()
}

func (p *pinger) ping() { p.process.Send(p.to, p.message) }

func (p *pinger) Receive(snapshot.ProcessID, []byte) {
	if p.back() {
		p.ping()
	}
}

func channelTrips(ctx context.Context, o *Options) ([]float64, error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	p := &pinger{trips: newTrips(o), to: name(1), message: make([]byte, roundTripSize)}
	one, err := startOne(ctx, fail, job{Echo: true}, p)
	if err != nil {
		return nil, err
	}
	defer one.stop()
	r, err := startRemote(ctx, o, job{Echo: true, Home: one.address})
	if err != nil {
		return nil, err
	}
	defer r.stop()
	one.network.Set(one.cluster.Processes[1].Address, r.address)
	return p.values(ctx, r)
}

func streamTrips(ctx context.Context, o *Options) ([]float64, error) {
	r, err := startRemote(ctx, o, job{Stream: true, Echo: true})
	if err != nil {
		return nil, err
	}
	defer r.stop()
	conn, err := net.Dial("tcp", r.address)
	if err != nil {
		return nil, err
	}
	t, s := newTrips(o), newStream(conn)
	message := make([]byte, roundTripSize)
	ping := func() {
		s.send(message)
		s.flush()
	}
	ping()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		receive(conn, func([]byte) {
			if t.back() {
				ping()
			}
		})
	}()
	defer func() {
		conn.Close()
		<-ended
	}()
	return t.values(ctx, r)
}
