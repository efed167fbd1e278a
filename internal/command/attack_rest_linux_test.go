package command

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"chandy/internal/explore"
	"chandy/netnode"
	"chandy/wire"
)

const (
	// restPatience is how long it may take until the nodes are at rest after the attack.
	restPatience = time.Minute
	// growthMax is how much more memory a node may have at rest than before, in KiB. Go
	// returns memory slowly, so some is left from the largest load. In half an hour a node
	// has 100,000 strangers, and the smallest thing that could be left of each, its reader,
	// has more than 4 KiB.
	growthMax = 64 << 10
)

// allUp waits until all channels are up, with chandy initiate --wait. Its snapshot must be
// complete.
func (a *attack) allUp() {
	path, err := exec.LookPath("chandy")
	if err != nil {
		a.fail("%v", err)
		return
	}
	c := exec.CommandContext(a.ctx, path, "initiate", "--wait", "--timeout", restPatience.String(), "--cluster", a.file())
	c.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	var stderr strings.Builder
	c.Stderr = &stderr
	text, err := c.Output()
	if err != nil {
		a.fail("chandy initiate --wait: got %v, want exit code 0; stderr: %s", err, stderr.String())
		return
	}
	a.check(text)
}

// client connects to a node that must have room.
func (a *attack) client(ctx context.Context, v *victim) *netnode.Client {
	client, err := netnode.DialClient(ctx, a.cluster, v.id, netnode.TCP{})
	if err != nil {
		a.fail("client of %s: got error %v, want none", v.id, err)
		return nil
	}
	return client
}

// pace sets how many transfers a second each process sends.
func (a *attack) pace(rate int) {
	ctx, cancel := context.WithTimeout(a.ctx, restPatience)
	defer cancel()
	for _, v := range a.nodes {
		client := a.client(ctx, v)
		if client == nil {
			return
		}
		if _, err := client.Call(ctx, fmt.Appendf(nil, `{"type":"pace","rate":%d}`, rate)); err != nil {
			a.fail("call %s: got error %v, want none", v.id, err)
		}
		client.Close()
	}
}

// rest waits until the nodes are at rest, and returns what they hold then. If before is
// non-nil, that must be as much as before.
//
// A node closes a connection for parts of snapshots when it was idle for 30 s. So each
// attempt takes a snapshot at each node, after which all such connections are open.
func (a *attack) rest(before []usage) []usage {
	a.allUp()
	var last []usage
	var left []string
	for begun := time.Now(); a.ctx.Err() == nil && time.Since(begun) < restPatience; {
		inFlight := 0
		for _, v := range a.nodes {
			s := a.take(v, restPatience)
			if s == nil || !s.Complete() {
				a.fail("at rest: got no complete snapshot at %s, want one", v.id)
				return nil
			}
			inFlight += s.InFlight()
		}
		pause(a.ctx, 1500*time.Millisecond) // until all markers are acknowledged, see wire/SPEC.md
		var now []usage
		left = nil
		for i, v := range a.nodes {
			s := v.usage()
			now = append(now, s)
			if before != nil && s.files != before[i].files {
				left = append(left, fmt.Sprintf("%s: got %d descriptors, want %d as before", v.id, s.files, before[i].files))
			}
			// The race detector keeps memory of its own for each byte that was ever used.
			if before != nil && !explore.Race && s.resident > before[i].resident+growthMax {
				left = append(left, fmt.Sprintf("%s: got %d KiB of memory, want about %d KiB as before", v.id, s.resident, before[i].resident))
			}
			if status := a.status(v); status.Memory.Used > 0 || len(status.Snapshots) > 0 || !status.Up() {
				left = append(left, fmt.Sprintf("%s: got memory %+v and snapshots %+v in the status, want none", v.id, status.Memory, status.Snapshots))
			}
		}
		same := slices.EqualFunc(last, now, func(x, y usage) bool { return x.files == y.files })
		if last = now; same && len(left) == 0 && inFlight == 0 {
			when := "before"
			if before != nil {
				when = "after"
			}
			for i, v := range a.nodes {
				a.t.Logf("%s at rest %s the attack: %v", v.id, when, now[i])
			}
			return now
		}
	}
	a.fail("got no rest within %v, want it:\n%s", restPatience, strings.Join(left, "\n"))
	return nil
}

func (a *attack) status(v *victim) (s wire.ProcessStatus) {
	ctx, cancel := context.WithTimeout(a.ctx, restPatience)
	defer cancel()
	if client := a.client(ctx, v); client != nil {
		defer client.Close()
		var err error
		if s, err = client.Status(ctx); err != nil {
			a.fail("status of %s: got error %v, want none", v.id, err)
		}
	}
	return s
}

const (
	clientSlots    = 1024 // clients of a node
	earlySlots     = 256  // connections of a node without a hello
	earlyHostSlots = 64   // of them from one address
)

// checkSlots fills all places of each node. None may have been lost.
func (a *attack) checkSlots() {
	for _, v := range a.nodes {
		a.checkClientSlots(v)
		a.checkEarlySlots(v)
	}
}

func (a *attack) checkClientSlots(v *victim) {
	ctx, cancel := context.WithTimeout(a.ctx, 20*time.Second)
	defer cancel()
	for n := range clientSlots {
		client, err := netnode.DialClient(ctx, a.cluster, v.id, netnode.TCP{})
		if err != nil {
			a.fail("%s: got error %v for client %d, want room for %d", v.id, err, n+1, clientSlots)
			return
		}
		defer client.Close()
	}
}

func (a *attack) checkEarlySlots(v *victim) {
	silent := make([]net.Conn, 0, earlySlots+1)
	for n := range earlySlots + 1 {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+n/earlyHostSlots))}}
		c, err := d.DialContext(a.ctx, "tcp", v.address)
		if err != nil {
			a.fail("%s: got error %v for connection %d, want none", v.id, err, n+1)
			return
		}
		defer c.Close()
		silent = append(silent, c)
	}
	// One too many: the oldest of a host with most places has to go.
	var readers sync.WaitGroup
	var gone atomic.Int32
	for _, c := range silent {
		readers.Go(func() {
			c.SetReadDeadline(time.Now().Add(time.Second))
			f, _ := wire.NewReader(c, wire.AnswerMax).Read()
			if _, refused := f.(wire.Refuse); refused {
				gone.Add(1)
			}
		})
	}
	readers.Wait()
	if n := gone.Load(); n != 1 {
		a.fail("%s: %d of %d silent connections were refused, want one, and room for exactly %d", v.id, n, len(silent), earlySlots)
	}
}

// checkGoroutines ends all nodes and compares their goroutines with those that a node had
// at rest before. A few come and go.
func (a *attack) checkGoroutines(before map[string]int) {
	for _, v := range a.nodes {
		for by, n := range v.goroutines() {
			if n > before[by]+3 {
				a.fail("%s: got %d goroutines of %s, want about %d as before", v.id, n, by, before[by])
			}
		}
	}
}
