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

// TestMain is also the main function of a faulty peer process. The arguments of that
// process are "dies" or "hangs", an address, and a job.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && (os.Args[1] == "dies" || os.Args[1] == "hangs") {
		os.Exit(badPeer(os.Args[1], os.Args[2], os.Args[3]))
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // inherited by the peer: it then exits at once
	os.Exit(m.Run())
}

// badPeer listens and expects messages. Then it exits with code 7, or connects to address
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

// withRemote returns the samples that start another operating-system process.
func withRemote(o *Options) map[string]sample {
	payload := bytes.Repeat([]byte("x"), 1<<10)
	return map[string]sample{
		"channel":      func(ctx context.Context) ([]float64, error) { return channelRun(ctx, o, job{}, payload, 10_000) },
		"stream":       func(ctx context.Context) ([]float64, error) { return streamRun(ctx, o, job{}, payload, 10_000) },
		"channelTrips": func(ctx context.Context) ([]float64, error) { return channelTrips(ctx, o) },
		"streamTrips":  func(ctx context.Context) ([]float64, error) { return streamTrips(ctx, o) },
	}
}

func TestDeadPeerIsReported(t *testing.T) {
	for name, s := range withRemote(&Options{Self: []string{os.Args[0], "dies", "-"}}) {
		t.Run(name, func(t *testing.T) {
			_, err := s.run(t.Context())
			if name == "streamTrips" && (errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET)) {
				return // the peer died before the connection was made, or while it was
			}
			if want := "the other process has ended: exit status 7"; err == nil || err.Error() != want {
				t.Errorf("error: got %v, want %s", err, want)
			}
		})
	}
}

// TestInterruptedSampleKillsItsPeer ends the context of each sample while its peer hangs.
// The sample must return at once, and the peer must be gone.
func TestInterruptedSampleKillsItsPeer(t *testing.T) {
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
				t.Errorf("error: got %v, want %v", err, context.Canceled)
			}
			if n, err := io.Copy(io.Discard, peer); n > 0 {
				t.Errorf("bytes from the peer: got %d (error: %v), want 0", n, err)
			}
		})
	}
}

func TestPeerRefusesABadJob(t *testing.T) {
	var out bytes.Buffer
	if err := Peer(t.Context(), "nonsense", bytes.NewReader(nil), &out); err == nil || out.Len() > 0 {
		t.Errorf("got error %v and output %q, want an error and no output", err, &out)
	}
}
