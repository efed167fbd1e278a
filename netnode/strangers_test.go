package netnode_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"chandy/internal/clustertest"
	"chandy/snapshot"
	"chandy/wire"
)

// strangers returns what may arrive at a node's port and is not chandy, or not for that
// node. Each is written on a connection of its own. The node must close the connection
// and go on; it answers only if there is a code in "answers".
func strangers(c *clustertest.Cluster) map[string][]byte {
	hash := c.Config.Hash()
	hello := func(change func(h *wire.Hello)) []byte {
		h := wire.Hello{
			Role: wire.RoleChannel, VersionMin: 1, VersionMax: 1, Cluster: "test", Epoch: 1, ConfigHash: hash,
			From: "p2", To: "p1", Incarnation: "stranger",
		}
		change(&h)
		return wire.Append(nil, h)
	}
	flipped := hello(func(*wire.Hello) {})
	flipped[len(flipped)-1] ^= 1
	huge := hello(func(*wire.Hello) {})
	binary.BigEndian.PutUint32(huge[4:], 1<<32-1)
	return map[string][]byte{
		"http":                  []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
		"tls":                   {0x16, 3, 1, 0, 0xa5, 1, 0, 0, 0xa1, 3, 3},
		"garbage":               []byte("\x00\x01\x02\x03 what is this?\n"),
		"oversized length":      huge,
		"flipped bit":           flipped,
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

// A node refuses strangers or closes their connections, and its cluster works on.
func TestStrangers(t *testing.T) {
	c := clustertest.New(t, bankFile(2, ""), banks)
	c.Start()
	c.Up()
	for name, bytes := range strangers(c) {
		t.Run(name, func(t *testing.T) {
			socket := dialled(t, c)
			if _, err := socket.Write(bytes); err != nil {
				t.Fatal(err)
			}
			answer, err := wire.NewReader(socket, wire.AnswerMax).Read()
			if code, ok := answers[name]; ok {
				if refuse, is := answer.(wire.Refuse); !is || refuse.Code != code || strings.Contains(refuse.Text, "\n") {
					t.Fatalf("got %v, %v, want a refusal on one line (%s)", answer, err, code)
				}
				_, err = socket.Read(make([]byte, 1))
			} else if answer != nil {
				t.Fatalf("got answer %v, want none", answer)
			}
			if !ended(err) {
				t.Fatalf("got %v, want a closed connection", err)
			}
		})
	}
	// A damaged frame after a good hello.
	random := clustertest.Rand(t)
	for range 50 {
		violate(t, c, random)
	}
	if s := c.Complete("p1"); sum(s) != 2000 {
		t.Fatalf("after all that: got sum %d, want 2000", sum(s))
	}
}

// dialled returns a connection to p1 that is closed when the test ends.
func dialled(t *testing.T, c *clustertest.Cluster) net.Conn {
	t.Helper()
	socket, err := c.Network("client").Dial(c.Ctx, c.Address("p1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	deadline, _ := c.Ctx.Deadline()
	socket.SetDeadline(deadline)
	return socket
}

// violate writes a good hello to p1 and then a damaged frame.
func violate(t *testing.T, c *clustertest.Cluster, random *rand.Rand) {
	t.Helper()
	socket := dialled(t, c)
	good := wire.Append(nil, wire.Hello{Role: wire.RoleControl, VersionMin: 1, VersionMax: 1, Cluster: "test", ConfigHash: c.Config.Hash(), To: "p1"})
	bad := wire.Append(nil, wire.Welcome{Version: 1, Incarnation: "x"})
	for range random.IntN(20) {
		bad[random.IntN(len(bad))] ^= byte(random.IntN(256))
	}
	if _, err := socket.Write(append(good, bad...)); err != nil {
		t.Fatal(err)
	}
	socket.(*net.TCPConn).CloseWrite() // the length may have become one that is still awaited
	if _, err := io.Copy(io.Discard, socket); err != nil && !ended(err) {
		t.Fatalf("%x: got %v, want a closed connection", bad, err)
	}
}

func ended(err error) bool {
	var timeout net.Error
	return err != nil && !(errors.As(err, &timeout) && timeout.Timeout())
}

// A node closes a silent connection after five seconds.
func TestVirtualSilence(t *testing.T) {
	clustertest.Virtual(t, bankFile(1, ""), banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start()
		socket, err := c.Network("stranger").Dial(t.Context(), c.Address("p1"))
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if _, err := socket.Read(make([]byte, 1)); err != io.EOF || time.Since(begun) != 5*time.Second {
			t.Errorf("got %v after %v, want EOF after 5s", err, time.Since(begun))
		}
	})
}

// Send returns an error for an unknown receiver, a missing channel and a message that is
// too large. An outbox above its limit ends the node, whose error names the channel.
func TestVirtualSend(t *testing.T) {
	clustertest.Virtual(t, oneWay, banks, func(t *testing.T, c *clustertest.Cluster) {
		a1 := c.Drive("a1")
		for _, test := range []struct {
			to   snapshot.ProcessID
			size int
			want string
		}{
			{"b", 1, "<nil>"},
			{"b", wire.MessageMax, "<nil>"},
			{"b", wire.MessageMax + 1, "message to b: 16777217 bytes, more than 16777216"},
			{"a2", 1, "message to a2: no channel from a1 to a2"},
			{"x", 1, "message to x: no such process"},
			{"c1", 1, "message to c1: no such client, or it has its reply"},
		} {
			var err error
			a1.Wait(func() { err = a1.Send(test.to, make([]byte, test.size)) })
			if got := fmt.Sprint(err); got != test.want {
				t.Errorf("%d bytes to %s: got error %q, want %q", test.size, test.to, got, test.want)
			}
		}
		a1.Do(func() {
			for range 4 {
				a1.Send("b", make([]byte, wire.MessageMax))
			}
		})
		const want = "the outbox of channel a1->b holds more than 65536 KiB (outbox_limit)"
		if err := c.Ended("a1"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q in it", err, want)
		}
	})
}
