package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
)

// TestMain is also the other process of a pair that goes wrong: with "dies" or
// "hangs", an address and a job as arguments.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && (os.Args[1] == "dies" || os.Args[1] == "hangs") {
		os.Exit(badPeer(os.Args[1], os.Args[2], os.Args[3]))
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // for that process
	os.Exit(m.Run())
}

// badPeer listens, expects messages, and then exits with 7, or connects to address
// and hangs.
func badPeer(how, address, argument string) int {
	var j job
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err := errors.Join(err, json.Unmarshal([]byte(argument), &j)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("listening", l.Addr())
	if !j.Echo {
		bufio.NewReader(os.Stdin).ReadString('\n')
		fmt.Println("expecting")
	}
	if how == "dies" {
		return 7
	}
	if _, err := net.Dial("tcp", address); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	select {}
}

// withRemote are the samples with another operating-system process.
func withRemote(o *Options) map[string]sample {
	payload := bytes.Repeat([]byte("x"), 1<<10)
	return map[string]sample{
		"channel":      func(ctx context.Context) ([]float64, error) { return channelRun(ctx, o, payload, 10_000) },
		"stream":       func(ctx context.Context) ([]float64, error) { return streamRun(ctx, o, payload, 10_000) },
		"channelTrips": func(ctx context.Context) ([]float64, error) { return channelTrips(ctx, o) },
		"streamTrips":  func(ctx context.Context) ([]float64, error) { return streamTrips(ctx, o) },
	}
}

func TestPeerDies(t *testing.T) {
	for name, s := range withRemote(&Options{Self: []string{os.Args[0], "dies", "-"}}) {
		t.Run(name, func(t *testing.T) {
			_, err := s.run(t.Context())
			if name == "streamTrips" && errors.Is(err, syscall.ECONNREFUSED) {
				return // it was dead before the connection
			}
			if want := "the other process has ended: exit status 7"; err == nil || err.Error() != want {
				t.Errorf("%v, not %s", err, want)
			}
		})
	}
}

// TestInterrupted ends each sample while its peer hangs: it returns at once, and
// the peer is gone.
func TestInterrupted(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, s := range withRemote(&Options{Self: []string{os.Args[0], "hangs", l.Addr().String()}}) {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan error)
			go func() {
				_, err := s.run(ctx)
				ended <- err
			}()
			peer, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer peer.Close()
			cancel()
			if err := <-ended; err != context.Canceled {
				t.Errorf("%v, not %v", err, context.Canceled)
			}
			if n, err := io.Copy(io.Discard, peer); n > 0 {
				t.Errorf("the peer said something: %d bytes, %v", n, err)
			}
		})
	}
}

func TestPeerRefusesJob(t *testing.T) {
	var out bytes.Buffer
	if err := Peer(t.Context(), "nonsense", bytes.NewReader(nil), &out); err == nil || out.Len() > 0 {
		t.Errorf("%v, %q", err, &out)
	}
}
