package bench

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/config"
	"chandy/netnode"
	"chandy/program"
)

// One run ends at the first of these bounds.
const (
	throughputBytes    = 1 << 30
	throughputMessages = 8 << 20
)

// throughput measures one channel between two operating-system processes, from Send to
// Receive, and compares it with a plain stream.
func throughput(size int) Benchmark {
	label := bytesLabel(size)
	return Benchmark{
		Name:  "channel/" + label,
		About: "messages of " + label + " a second on one channel between two operating-system processes, and the processor time of both for one message; compared with a plain framed TCP stream",
		run: func(ctx context.Context, o *Options) ([]Result, error) {
			figures := []figure{{"channel/" + label, "messages/s"}, {"channel/" + label + "/cpu", "ns/message"}}
			n := o.messages(min(throughputMessages, throughputBytes/size))
			payload := bytes.Repeat([]byte("x"), size)
			return compare(ctx, o, figures,
				func(ctx context.Context) ([]float64, error) { return channelRun(ctx, o, job{}, payload, n) },
				func(ctx context.Context) ([]float64, error) { return streamRun(ctx, o, job{}, payload, n) })
		},
	}
}

// secureThroughput measures the same with TLS on both sides.
func secureThroughput(size int) Benchmark {
	label := bytesLabel(size) + "/tls"
	return Benchmark{
		Name:  "channel/" + label,
		About: "messages of " + bytesLabel(size) + " a second on one channel with TLS between two operating-system processes, and the processor time of both for one message; compared with a plain framed stream over TLS 1.3",
		run: func(ctx context.Context, o *Options) ([]Result, error) {
			dir, err := certify()
			if err != nil {
				return nil, err
			}
			defer os.RemoveAll(dir)
			figures := []figure{{"channel/" + label, "messages/s"}, {"channel/" + label + "/cpu", "ns/message"}}
			n := o.messages(min(throughputMessages, throughputBytes/size))
			payload := bytes.Repeat([]byte("x"), size)
			return compare(ctx, o, figures,
				func(ctx context.Context) ([]float64, error) { return channelRun(ctx, o, job{Certs: dir}, payload, n) },
				func(ctx context.Context) ([]float64, error) { return streamRun(ctx, o, job{Certs: dir}, payload, n) })
		},
	}
}

// journal measures what the journal costs one channel. Its messages have a type, which the
// journal keeps.
func journal() Benchmark {
	const size = 128
	return Benchmark{
		Name:  "channel/128B/journal",
		About: "messages of 128B with a type a second on one channel between two operating-system processes, and the processor time of both for one message; compared with nodes that keep no journal",
		run: func(ctx context.Context, o *Options) ([]Result, error) {
			figures := []figure{{"channel/128B/journal", "messages/s"}, {"channel/128B/journal/cpu", "ns/message"}}
			n := o.messages(throughputMessages)
			payload := []byte(`{"type":"transfer","amount":3,"memo":"` + strings.Repeat("x", size) + `"}`)
			payload = append(payload[:size-2], `"}`...)
			return compare(ctx, o, figures,
				func(ctx context.Context) ([]float64, error) { return channelRun(ctx, o, job{}, payload, n) },
				func(ctx context.Context) ([]float64, error) {
					return channelRun(ctx, o, job{Journal: config.JournalOff}, payload, n)
				})
		},
	}
}

func bytesLabel(n int) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%dB", n)
	case n < 1<<20:
		return fmt.Sprintf("%dKiB", n>>10)
	}
	return fmt.Sprintf("%dMiB", n>>20)
}

// channelNetwork has the settings of both nodes. It keeps the sender from filling its
// outbox far ahead of the receiver.
var channelNetwork = config.Network{OutboxHigh: 1 << 20}

// channelRun measures a channel between two nodes with the journal and the certificates of j.
func channelRun(ctx context.Context, o *Options, j job, payload []byte, n int) ([]float64, error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	j.Net = channelNetwork
	r, err := startRemote(ctx, o, j)
	if err != nil {
		return nil, err
	}
	defer r.stop()
	s := newSource(name(1), payload)
	one, err := startOne(ctx, fail, j, s)
	if err != nil {
		return nil, err
	}
	defer one.stop()
	one.network.Set(one.cluster.Processes[1].Address, r.address)
	return r.measure(ctx, n, s.send)
}

// startOne runs the first process of a pair. The caller must stop it. If the node ends
// with an error, fail is called with it.
func startOne(ctx context.Context, fail context.CancelCauseFunc, j job, p program.Program) (*running, error) {
	cluster, err := j.pair().cluster()
	if err != nil {
		return nil, err
	}
	r := &running{cluster: cluster, network: &netnode.Loopback{}, ended: make(chan error, 1), nodes: 1}
	node, err := netnode.New(netnode.Options{Cluster: cluster, ID: name(0), Program: p, Network: r.network, Log: zerolog.Nop()})
	if err != nil {
		return nil, err
	}
	r.address = node.Addr().String()
	ctx, r.end = context.WithCancel(ctx)
	go func() {
		err := node.Run(ctx)
		if err != nil {
			fail(err)
		}
		r.ended <- err
	}()
	return r, nil
}

func streamRun(ctx context.Context, o *Options, j job, payload []byte, n int) ([]float64, error) {
	j.Stream = true
	r, err := startRemote(ctx, o, j)
	if err != nil {
		return nil, err
	}
	defer r.stop()
	conn, err := net.Dial("tcp", r.address)
	if err != nil {
		return nil, err
	}
	if conn, err = secure(conn, j.Certs, 0, false); err != nil {
		return nil, err
	}
	s := newStream(conn)
	var writer sync.WaitGroup
	writer.Go(s.writeLoop)
	defer func() {
		s.end()
		conn.Close() // so that a write that waits for the receiver fails
		writer.Wait()
	}()
	return r.measure(ctx, n, func(_ context.Context, n int) {
		for range n {
			s.send(payload)
		}
	})
}

// measure calls send to send n messages, after a tenth as many to warm up. It returns how
// many messages a second the remote received, and the processor time that both sides
// used for one message, in ns.
func (r *remote) measure(ctx context.Context, n int, send func(ctx context.Context, n int)) ([]float64, error) {
	var took, used time.Duration
	for _, n := range []int{n/10 + 1, n} {
		if err := r.expect(ctx, n); err != nil {
			return nil, err
		}
		began, usedBefore := time.Now(), cpu()
		send(ctx, n)
		theirs, err := r.await(ctx)
		if err != nil {
			return nil, err
		}
		took, used = time.Since(began), cpu()-usedBefore+theirs
	}
	return []float64{float64(n) / took.Seconds(), float64(used.Nanoseconds()) / float64(n)}, nil
}
