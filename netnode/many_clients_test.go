package netnode_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"chandy/internal/clustertest"
	"chandy/internal/explore"
	"chandy/netnode"
	"chandy/wire"
)

// Each of 3,000 clients that connect at once gets an answer, or is told that the node is
// busy. Afterwards the node holds none of them.
func TestThreeThousandClients(t *testing.T) {
	n := 3000
	if explore.Race {
		n = 300
	}
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil || files.Cur < uint64(3*n) {
		t.Skipf("got room for %d open files, want %d", files.Cur, 3*n)
	}
	c := clustertest.New(t, bankFile(1, ""), banks)
	c.Start()
	var answers, busy atomic.Int64
	var clients sync.WaitGroup
	for range n {
		clients.Go(func() {
			ctx, cancel := context.WithTimeout(c.Ctx, time.Minute)
			defer cancel()
			client, err := netnode.DialClient(ctx, c.Config, "p1", c.Network("client"))
			if err == nil {
				defer client.Close()
				_, err = client.Status(c.Ctx)
			}
			var refused *netnode.Refused
			switch {
			case err == nil:
				answers.Add(1)
			case errors.As(err, &refused) && refused.Code == wire.Busy:
				busy.Add(1)
			default:
				t.Errorf("got error %v, want an answer or busy", err)
			}
		})
	}
	clients.Wait()
	t.Logf("%d clients: %d answers, %d busy", n, answers.Load(), busy.Load())
	if answers.Load() == 0 {
		t.Error("got no answer, want some")
	}
	for {
		all, early := c.Node("p1").Conns()
		if held := counted(c); all == 0 && early == 0 && held["sessions"] == 0 && held["conns"] == 0 {
			return
		}
		if c.Ctx.Err() != nil {
			t.Fatalf("after the clients: got %d connections, %d of them early, and %v in the core; want none", all, early, counted(c))
		}
	}
}

// At most four large requests are read at once. A client that stops in the middle of one is
// hung up after a minute, and another one has its turn.
func TestVirtualLargeRequests(t *testing.T) {
	clustertest.Virtual(t, bankFile(1, "transfers_per_second = 0\n"), banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start()
		request := json.RawMessage(fmt.Sprintf(`{"type": "balance", "pad": %q}`, strings.Repeat("x", 1<<20)))
		body, err := wire.EncodeControl(wire.CallRequest{Request: request})
		if err != nil {
			t.Fatal(err)
		}
		frame := wire.Append(nil, wire.Request{Number: 1, Body: body})
		begun := time.Now()
		for range 4 {
			socket, err := c.Network("stranger").Dial(t.Context(), c.Address("p1"))
			if err != nil {
				t.Fatal(err)
			}
			go stopInRequest(socket, frame)
		}
		synctest.Wait()
		if small := c.Call("p1", `{"type": "balance"}`); !strings.Contains(small, "balance_ok") || time.Since(begun) != 0 {
			t.Errorf("a small request: got %s after %v, want balance_ok at once", small, time.Since(begun))
		}
		time.Sleep(time.Second)
		if large := c.Call("p1", string(request)); !strings.Contains(large, "balance_ok") || time.Since(begun) != time.Minute {
			t.Errorf("a large request: got %.100s after %v, want balance_ok after 1m0s", large, time.Since(begun))
		}
	})
}

// stopInRequest says hello to p1 and sends the first 512 KiB of a request.
func stopInRequest(socket net.Conn, request []byte) {
	go socket.Write(append(wire.Append(nil, wire.Hello{
		Role: wire.RoleControl, VersionMin: 1, VersionMax: 1, Cluster: "test", To: "p1",
	}), request[:512<<10]...))
	for b := make([]byte, 1<<10); ; {
		if _, err := socket.Read(b); err != nil {
			return
		}
	}
}
