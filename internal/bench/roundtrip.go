package bench

import (
	"context"
	"errors"
	"net"
	"time"

	"chandy/netnode"
	"chandy/snapshot"
)

const (
	roundTrips    = 20_000
	roundTripSize = 64
)

// roundTrip is a message there and another back, between two operating-system
// processes, against the same on a plain stream.
func roundTrip() Benchmark {
	return Benchmark{
		Name:  "round-trip",
		About: "a message of 64 bytes and its answer between two operating-system processes, against plain framed TCP streams",
		run: func(ctx context.Context, o *Options) ([]Result, error) {
			figures := []figure{{"round-trip/p50", "µs"}, {"round-trip/p99", "µs"}}
			return compare(ctx, o, figures,
				func(ctx context.Context) ([]float64, error) { return channelTrips(ctx, o) },
				func(ctx context.Context) ([]float64, error) { return streamTrips(ctx, o) })
		},
	}
}

// trips takes the times of round trips.
type trips struct {
	began  time.Time
	took   []float64 // in µs
	warm   int
	finish chan struct{}
}

func newTrips() *trips { return &trips{warm: roundTrips / 10, finish: make(chan struct{})} }

// back takes an answer and tells whether to go on.
func (t *trips) back() bool {
	now := time.Now()
	if t.warm--; t.warm < 0 {
		t.took = append(t.took, float64(now.Sub(t.began).Nanoseconds())/1e3)
	}
	t.began = now
	if len(t.took) == roundTrips {
		close(t.finish)
		return false
	}
	return len(t.took) < roundTrips
}

func (t *trips) values(ctx context.Context) ([]float64, error) {
	select {
	case <-t.finish:
		return []float64{quantile(t.took, 0.50), quantile(t.took, 0.99)}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// pinger is the program that sends and waits for the answer.
type pinger struct {
	quiet
	process netnode.Process
	to      snapshot.ProcessID
	message []byte
	*trips
}

func (p *pinger) Start(process netnode.Process) {
	p.process = process
	p.ping()
}

func (p *pinger) ping() { p.process.Send(p.to, p.message) }

func (p *pinger) Receive(snapshot.ProcessID, []byte) {
	if p.back() {
		p.ping()
	}
}

func channelTrips(ctx context.Context, o *Options) (values []float64, err error) {
	p := &pinger{trips: newTrips(), to: name(1), message: make([]byte, roundTripSize)}
	one, err := startOne(ctx, job{Echo: true}, p)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, one.stop()) }()
	r, err := startRemote(ctx, o, job{Echo: true, Home: one.address})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	one.network.set(one.cluster.Processes[1].Address, r.address)
	return p.values(ctx)
}

func streamTrips(ctx context.Context, o *Options) (values []float64, err error) {
	r, err := startRemote(ctx, o, job{Stream: true, Echo: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	conn, err := net.Dial("tcp", r.address)
	if err != nil {
		return nil, err
	}
	t, s := newTrips(), newStream(conn)
	message := make([]byte, roundTripSize)
	ping := func() {
		s.send(message)
		s.flush()
	}
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
	ping()
	return t.values(ctx)
}
