package netnode_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"chandy/internal/clustertest"
	"chandy/internal/explore"
	"chandy/netnode"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// large is a program with a large state, which replies to a request with its state.
type large struct {
	clustertest.Idle
	process program.Process
	state   []byte
}

func newLarge(bytes int) *large {
	return &large{state: []byte(`"` + strings.Repeat("x", bytes-2) + `"`)}
}

func (p *large) Start(process program.Process)             { p.process = process }
func (p *large) Receive(from snapshot.ProcessID, _ []byte) { p.process.Send(from, p.state) }
func (p *large) Capture(done func(program.State))          { done(program.State{Bytes: p.state}) }

// slowly is the output of a client: it keeps what it gets, and takes its time.
type slowly struct {
	bytes.Buffer
	pause func(n int) time.Duration // before the n-th write, from 0
	n     int
}

func (w *slowly) Write(b []byte) (int, error) {
	time.Sleep(w.pause(w.n))
	w.n++
	return w.Buffer.Write(b)
}

const largeState = 16 << 20

// A client gets a large snapshot whole, however slowly it reads. The node holds the parts
// until then, and queues little.
func TestVirtualSlowClientGetsAll(t *testing.T) {
	for name, pause := range map[string]func(n int) time.Duration{
		"stops at the begin": func(n int) time.Duration { return time.Duration(max(0, 1-n)) * 55 * time.Second },
		"stops later": func(n int) time.Duration {
			return 20*time.Millisecond + time.Duration(max(0, min(n-60, 1)))*55*time.Second
		},
		"one a second": func(int) time.Duration { return time.Second },
	} {
		t.Run(name, func(t *testing.T) {
			if explore.Race && name != "stops later" {
				t.Skip("takes long under the race detector")
			}
			clustertest.Virtual(t, bankFile(1, ""), banks, func(t *testing.T, c *clustertest.Cluster) {
				c.Host("p1", newLarge(largeState))
				client := c.Client("p1")
				defer client.Close()
				out := slowly{pause: pause}
				progress := 0
				done := make(chan error)
				go func() {
					_, err := client.Initiate(c.Ctx, nil, time.Second, true, &out, func(wire.ProgressReply) { progress++ })
					done <- err
				}()
				time.Sleep(500 * time.Millisecond)
				synctest.Wait()
				if got, most := c.Node("p1").Replies(), int64(512<<10); got == 0 || got > most {
					t.Errorf("while the client does not read: got %d bytes queued, want some, and at most %d", got, most)
				}
				if m := c.Status("p1").Memory; m.Parts != largeState {
					t.Errorf("while the client does not read: got the memory %+v, want parts of %d", m, largeState)
				}
				if err := <-done; err != nil {
					t.Fatalf("got error %v, want a snapshot", err)
				}
				if s, err := clustertest.Read(out.Bytes()); err != nil || !s.Complete() {
					t.Errorf("got %d bytes (error %v), want a complete snapshot", out.Len(), err)
				}
				if progress > 10 {
					t.Errorf("got %d progress replies, want none behind data", progress)
				}
				synctest.Wait()
				queued := c.Node("p1").Replies() // before the status has one
				if m, held := c.Status("p1").Memory, counted(c)["results"]; m.Parts != 0 || held != 0 || queued != 0 {
					t.Errorf("afterwards: got the memory %+v, %d results, %d bytes queued, want none", m, held, queued)
				}
			})
		})
	}
}

// A node drops the snapshot of a client that reads nothing for a minute. The client says
// that, and whose fault it was.
func TestVirtualClientThatReadsNothing(t *testing.T) {
	clustertest.Virtual(t, bankFile(1, ""), banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Host("p1", newLarge(largeState))
		client := c.Client("p1")
		defer client.Close()
		out := slowly{pause: func(int) time.Duration { return 62 * time.Second }}
		begun := time.Now()
		var after sync.WaitGroup
		defer after.Wait()
		after.Go(func() {
			time.Sleep(61 * time.Second)
			synctest.Wait()
			queued := c.Node("p1").Replies() // before the status has one
			if m, held := c.Status("p1").Memory, counted(c)["results"]; m.Parts != 0 || held != 0 || queued != 0 {
				t.Errorf("after a minute: got the memory %+v, %d results, %d bytes queued, want none", m, held, queued)
			}
		})
		_, err := client.Initiate(c.Ctx, nil, time.Second, true, &out, nil)
		const want = "the node gave this client up, which read nothing for 1m2s (a node waits 1m0s)"
		if err == nil || err.Error() != want {
			t.Errorf("after %v: got error %v, want %s", time.Since(begun), err, want)
		}
	})
}

// When a node ends while it writes a reply, the client says that the reply was cut.
func TestVirtualReplyIsCut(t *testing.T) {
	clustertest.Virtual(t, bankFile(1, ""), banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Host("p1", newLarge(largeState))
		client := c.Client("p1")
		defer client.Close()
		out := slowly{pause: func(int) time.Duration { return time.Second }}
		go func() {
			time.Sleep(10 * time.Second)
			c.Stop("p1")
		}()
		_, err := client.Initiate(c.Ctx, nil, time.Second, true, &out, nil)
		const want = "the connection ended in the middle of the reply"
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got error %v, want %s", err, want)
		}
	})
}

// Clients that do not read have a budget together. Beyond it nothing more is queued for a
// client for which something is queued already.
func TestVirtualSlowClientsShareABudget(t *testing.T) {
	clustertest.Virtual(t, bankFile(1, ""), banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Host("p1", newLarge(40<<10))
		body, err := wire.EncodeControl(wire.CallRequest{Request: []byte("{}")})
		if err != nil {
			t.Fatal(err)
		}
		const clients, calls = 200, 50 // 390 MiB of replies
		for range clients {
			socket, err := c.Network("client").Dial(t.Context(), c.Address("p1"))
			if err != nil {
				t.Fatal(err)
			}
			defer socket.Close()
			go func() {
				socket.Write(wire.Append(nil, wire.Hello{Role: wire.RoleControl, VersionMin: 1, VersionMax: 1, Cluster: "test", To: "p1"}))
				for n := range uint64(calls) {
					socket.Write(wire.Append(nil, wire.Request{Number: n, Body: body}))
				}
			}()
			if f, err := wire.NewReader(socket, wire.AnswerMax).Read(); err != nil || f.Type() != wire.TypeWelcome {
				t.Fatalf("got %v and error %v, want a welcome", f, err)
			}
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		// Each client may have one reply beyond the budget.
		if got, least, most := c.Node("p1").Replies(), int64(7<<20), int64(8<<20+clients*48<<10); got < least || got > most {
			t.Errorf("got %d bytes queued, want %d to %d", got, least, most)
		}
	})
}

// fakeNode answers as the node of p1 does, up to the first request. Then it writes what
// answer writes.
func fakeNode(t *testing.T, c *clustertest.Cluster, answer func(net.Conn)) {
	t.Helper()
	l, err := c.Network("p1").Listen(c.Address("p1"))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer l.Close()
		socket, err := l.Accept()
		if err != nil {
			return
		}
		defer socket.Close()
		reader := wire.NewReader(socket, wire.FrameMax)
		reader.Read()
		socket.Write(wire.Append(nil, wire.Welcome{Version: 1, Epoch: 1, Incarnation: "i"}))
		reader.Read()
		answer(socket)
		reader.Read() // until the client has ended
	}()
}

// A client gives up a node that sends nothing. Each byte of a frame counts as life.
func TestVirtualSilentNode(t *testing.T) {
	clustertest.Virtual(t, bankFile(1, ""), banks, func(t *testing.T, c *clustertest.Cluster) {
		const slow = 20
		fakeNode(t, c, func(socket net.Conn) {
			for _, b := range wire.Append(nil, wire.Reply{Number: 1, Kind: wire.KindData, Body: make([]byte, 2*slow)})[:slow] {
				time.Sleep(4900 * time.Millisecond)
				socket.Write([]byte{b})
			}
		})
		client := c.Client("p1")
		defer client.Close()
		begun := time.Now()
		_, err := client.Initiate(c.Ctx, nil, time.Minute, true, &bytes.Buffer{}, func(wire.ProgressReply) {})
		took, want := time.Since(begun), slow*4900*time.Millisecond+10*time.Second
		if !errors.Is(err, netnode.ErrSilent) || took != want {
			t.Errorf("got error %v after %v, want %v after %v", err, took, netnode.ErrSilent, want)
		}
	})
}

// A node that is not asked for progress may be silent.
func TestVirtualNodeMayBeSilentWithoutProgress(t *testing.T) {
	clustertest.Virtual(t, bankFile(1, ""), banks, func(t *testing.T, c *clustertest.Cluster) {
		fakeNode(t, c, func(socket net.Conn) {
			time.Sleep(time.Minute)
			socket.Write(wire.Append(nil, wire.Reply{Number: 1, Kind: wire.KindEnd, Body: []byte("{}")}))
		})
		client := c.Client("p1")
		defer client.Close()
		if _, err := client.Initiate(c.Ctx, nil, time.Hour, true, &bytes.Buffer{}, nil); err != nil {
			t.Errorf("got error %v, want none", err)
		}
	})
}

// stopped is the connection of a client whose process is stopped in its n-th read and in
// the reads that follow, once for each pause. Data comes meanwhile, but the deadline of the
// read is noticed first.
type stopped struct {
	net.Conn
	n      int
	pauses []time.Duration
}

func (c *stopped) Read(b []byte) (int, error) {
	if c.n--; c.n <= 0 && len(c.pauses) > 0 {
		time.Sleep(c.pauses[0])
		c.pauses = c.pauses[1:]
		return 0, os.ErrDeadlineExceeded
	}
	return c.Conn.Read(b)
}

// stoppedNetwork connects clients that are stopped.
type stoppedNetwork struct {
	netnode.Network
	n      int
	pauses []time.Duration
}

func (n stoppedNetwork) Dial(ctx context.Context, address string) (net.Conn, error) {
	socket, err := n.Network.Dial(ctx, address)
	return &stopped{socket, n.n, n.pauses}, err
}

// A client that was stopped does not take its own pause for the silence of the node.
func TestVirtualStoppedClientGoesOn(t *testing.T) {
	last := 20
	if explore.Race {
		last = 5
	}
	for n := 2; n < last; n++ {
		pauses := [][]time.Duration{{59 * time.Second}, {5500 * time.Millisecond}, {30 * time.Second, 29 * time.Second}}[n%3]
		clustertest.Virtual(t, bankFile(1, ""), banks, func(t *testing.T, c *clustertest.Cluster) {
			c.Host("p1", newLarge(1<<20))
			client, err := netnode.DialClient(c.Ctx, c.Config, "p1", stoppedNetwork{c.Network("client"), n, pauses})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			var out bytes.Buffer
			_, err = client.Initiate(c.Ctx, nil, time.Minute, true, &out, func(wire.ProgressReply) {})
			if _, broken := clustertest.Read(out.Bytes()); err != nil || broken != nil {
				t.Errorf("stopped in read %d for %v: got error %v and %d bytes (%v), want a snapshot", n, pauses, err, out.Len(), broken)
			}
		})
	}
}
