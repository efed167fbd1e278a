package netnode_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"chandy/netnode"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// strangers are what may come to a node's port and is not chandy, or not for it.
// Each is written on a connection of its own; the node must close it, with an
// answer only if it has one, and go on.
func strangers(c *cluster) map[string][]byte {
	hash := c.config.Hash()
	hello := func(change func(h *wire.Hello)) []byte {
		h := wire.Hello{
			Role: wire.RoleChannel, VersionMin: 1, VersionMax: 1, Cluster: "test", Epoch: 1, ConfigHash: hash,
			From: "p2", To: "p1", Incarnation: "stranger",
		}
		change(&h)
		return wire.Append(nil, h)
	}
	huge := hello(func(*wire.Hello) {})
	binary.BigEndian.PutUint32(huge[4:], 1<<32-1)
	return map[string][]byte{
		"http":                  []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
		"tls":                   {0x16, 3, 1, 0, 0xa5, 1, 0, 0, 0xa1, 3, 3},
		"garbage":               []byte("\x00\x01\x02\x03 what is this?\n"),
		"oversized length":      huge,
		"flipped bit":           func() []byte { b := hello(func(*wire.Hello) {}); b[len(b)-1] ^= 1; return b }(),
		"not a hello":           wire.Append(nil, wire.Ping{Nonce: 1}),
		"another cluster":       hello(func(h *wire.Hello) { h.Cluster = "other" }),
		"another process":       hello(func(h *wire.Hello) { h.To = "p2" }),
		"another configuration": hello(func(h *wire.Hello) { h.ConfigHash[0] ^= 1 }),
		"another epoch":         hello(func(h *wire.Hello) { h.Epoch = 2 }),
		"another version":       hello(func(h *wire.Hello) { h.VersionMin, h.VersionMax = 2, 3 }),
		"unknown process":       hello(func(h *wire.Hello) { h.From = "p9" }),
		"the process itself":    hello(func(h *wire.Hello) { h.From = "p1" }),
		"no incarnation":        hello(func(h *wire.Hello) { h.Incarnation = "" }),
	}
}

// answers are the codes with which strangers that speak the protocol are refused.
var answers = map[string]string{
	"another cluster":       wire.WrongCluster,
	"another process":       wire.WrongProcess,
	"another configuration": wire.ConfigurationDiffers,
	"another epoch":         wire.WrongEpoch,
	"another version":       wire.WrongVersion,
	"unknown process":       wire.UnknownProcess,
	"the process itself":    wire.WrongProcess,
	"no incarnation":        wire.UnknownProcess,
}

func TestStrangers(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tcp := &netnode.Loopback{}
	c := newCluster(t, func(string) netnode.Network { return tcp }, bankFile(2, ""))
	c.startAll()
	c.waitUp(ctx)
	address := c.config.Processes[0].Address
	for name, bytes := range strangers(c) {
		t.Run(name, func(t *testing.T) {
			socket, err := tcp.Dial(ctx, address)
			if err != nil {
				t.Fatal(err)
			}
			defer socket.Close()
			deadline, _ := ctx.Deadline()
			socket.SetDeadline(deadline)
			if _, err := socket.Write(bytes); err != nil {
				t.Fatal(err)
			}
			answer, err := wire.NewReader(socket, wire.AnswerMax).Read()
			if code, ok := answers[name]; ok {
				if refuse, is := answer.(wire.Refuse); !is || refuse.Code != code || strings.Contains(refuse.Text, "\n") {
					t.Fatalf("answered %v, %v", answer, err)
				}
				_, err = socket.Read(make([]byte, 1))
			} else if answer != nil {
				t.Fatalf("answered %v", answer)
			}
			if !ended(err) {
				t.Fatalf("the connection is still there: %v", err)
			}
		})
	}
	// A random frame of each kind behind a good hello.
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	for range 50 {
		violate(ctx, t, tcp, address, c, random, seed)
	}
	if s, err := c.snapshot(ctx, 5*time.Second, "p1"); err != nil || s.Status != "complete" || s.sum() != 2000 {
		t.Fatalf("after all that (seed %d): %+v, %v", seed, s, err)
	}
}

// violate speaks well to a node's control connection, then badly.
func violate(ctx context.Context, t *testing.T, tcp *netnode.Loopback, address string, c *cluster, random *rand.Rand, seed uint64) {
	t.Helper()
	socket, err := tcp.Dial(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	deadline, _ := ctx.Deadline()
	socket.SetDeadline(deadline)
	good := wire.Append(nil, wire.Hello{Role: wire.RoleControl, VersionMin: 1, VersionMax: 1, Cluster: "test", ConfigHash: c.config.Hash(), To: "p1"})
	bad := wire.Append(nil, wire.Welcome{Version: 1, Incarnation: "x"})
	for range random.IntN(20) {
		bad[random.IntN(len(bad))] ^= byte(random.IntN(256))
	}
	if _, err := socket.Write(append(good, bad...)); err != nil {
		t.Fatal(err)
	}
	socket.(*net.TCPConn).CloseWrite() // the length may have become one that is still awaited
	if _, err := io.Copy(io.Discard, socket); err != nil && !ended(err) {
		t.Fatalf("seed %d: %x: %v", seed, bad, err)
	}
}

func ended(err error) bool {
	var timeout net.Error
	return err != nil && !(errors.As(err, &timeout) && timeout.Timeout())
}

// Silence on a port is borne for five seconds, and no more.
func TestVirtualSilence(t *testing.T) {
	virtual(t, bankFile(1, ""), func(t *testing.T, network *memNetwork, c *cluster) {
		c.startAll()
		socket, err := network.from("stranger").Dial(t.Context(), "127.0.0.1:7101")
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if _, err := socket.Read(make([]byte, 1)); err != io.EOF || time.Since(begun) != 5*time.Second {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
	})
}

// sender is a program that sends what it is told.
type sender struct {
	process program.Process
	started chan struct{}
}

func (s *sender) Start(p program.Process)                { s.process = p; close(s.started) }
func (s *sender) Receive(snapshot.ProcessID, []byte)     {}
func (s *sender) Capture(done func(state program.State)) { done(program.State{Bytes: []byte("{}")}) }
func (s *sender) Restore(_ []byte, done func(error))     { done(nil) }

// A message to nobody, or over no channel, is an error to the sender, as is one
// that is too large; an outbox beyond its limit ends the node and names the
// channel.
func TestVirtualSend(t *testing.T) {
	virtual(t, oneWay, func(t *testing.T, _ *memNetwork, c *cluster) {
		s := &sender{started: make(chan struct{})}
		c.host("a1", s)
		<-s.started
		tell := func(to snapshot.ProcessID, size int) string {
			result := make(chan string)
			s.process.Do(func() {
				if err := s.process.Send(to, make([]byte, size)); err != nil {
					result <- err.Error()
				} else {
					result <- ""
				}
			})
			return <-result
		}
		for _, test := range []struct {
			to   snapshot.ProcessID
			size int
			want string
		}{
			{"b", 1, ""},
			{"b", wire.MessageMax, ""},
			{"b", wire.MessageMax + 1, "message to b: 16777217 bytes, more than 16777216"},
			{"a2", 1, "message to a2: no channel from a1 to a2"},
			{"x", 1, "message to x: no such process"},
			{"c1", 1, "message to c1: no such client, or it has its reply"},
		} {
			if got := tell(test.to, test.size); got != test.want {
				t.Errorf("%d bytes to %s: %q", test.size, test.to, got)
			}
		}
		r := c.nodes["a1"]
		delete(c.nodes, "a1")
		s.process.Do(func() {
			for range 4 {
				s.process.Send("b", make([]byte, wire.MessageMax))
			}
		})
		if err := <-r.done; err == nil || !strings.Contains(err.Error(), "the outbox of channel a1->b holds more than 65536 KiB (outbox_limit)") {
			t.Errorf("the node ended with %v", err)
		}
	})
}
