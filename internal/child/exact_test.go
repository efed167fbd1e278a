package child

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"chandy/internal/clustertest"
	"chandy/program"
	"chandy/snapshot"
)

var soak = flag.Bool("soak", false, "ten times the rounds, five times the snapshots")

func times(n, soaked int) int {
	switch {
	case *soak:
		return soaked
	case raceEnabled:
		return max(1, n/5)
	}
	return n
}

// driver is a program in Go that sends a child numbers to add.
type driver struct {
	process program.Process
	ready   chan struct{}
	ids     bool // with a msg_id
	sent    int
	sum     []int // of the first so many messages
}

func newDriver(ids bool) *driver { return &driver{ready: make(chan struct{}), ids: ids, sum: []int{0}} }

func (d *driver) Start(p program.Process)                { d.process = p; close(d.ready) }
func (d *driver) Receive(snapshot.ProcessID, []byte)     {}
func (d *driver) Capture(done func(state program.State)) { done(program.State{Bytes: []byte("0")}) }
func (d *driver) Restore(_ []byte, done func(error))     { done(nil) }

// burst sends n numbers, on the loop.
func (d *driver) burst(n int, numbers *rand.Rand) {
	for range n {
		d.sent++
		add := 1 + numbers.IntN(100)
		id := ""
		if d.ids {
			id = fmt.Sprintf(`,"msg_id":%d`, d.sent)
		}
		d.process.Send("n1", fmt.Appendf(nil, `{"src":"n2","dest":"n1","body":{"type":"add","n":%d%s}}`, add, id))
		d.sum = append(d.sum, d.sum[len(d.sum)-1]+add)
	}
}

// A burst, a snapshot, a burst: the state of the child is exactly what it was sent
// before the cut, and it has answered all of it, wherever the snapshot says
// acknowledged+idle and it answers. The others are counted.
func TestExact(t *testing.T) {
	for _, kind := range []string{"single", "threads"} {
		for _, settle := range []string{"auto", "none", "auto, without replies"} {
			if !canIdle && kind == "threads" && strings.Contains(settle, ",") {
				continue // nobody can tell
			}
			t.Run(kind+", settle "+settle, func(t *testing.T) {
				rounds := times(100, 1000)
				if settle != "auto" {
					rounds /= 3
				}
				settle, _, silent := strings.Cut(settle, ",")
				numbers := clustertest.Rand(t)
				c := newCluster(t, file(2, kind, fmt.Sprintf("state = \"snapshot\"\nsettle = %q\n", settle)+unhurried))
				c.Config.Processes[1].Program.Kind = "driver"
				d := newDriver(!silent)
				c.Start("n1")
				c.Host("n2", d)
				<-d.ready
				c.Up()
				exact, of := map[string]int{}, map[string]int{}
				for round := range rounds {
					d.process.Do(func() { d.burst(1+numbers.IntN(40), numbers) })
					again := make(chan struct{})
					go func() {
						defer close(again)
						d.process.Do(func() { d.burst(1+numbers.IntN(40), numbers) })
					}()
					s := c.Complete([]snapshot.ProcessID{"n1", "n2"}[round%2])
					<-again
					sums := make(chan []int)
					d.process.Do(func() { sums <- slices.Clone(d.sum) })
					fault := inexact(s, <-sums, silent)
					_, _, about := stateOf(s, "n1")
					settled := about.Settled
					of[settled]++
					if fault == nil {
						exact[settled]++
					} else if settled == "acknowledged+idle" || kind == "single" {
						t.Fatalf("round %d: %v\n%.4000s", round, fault, s)
					}
				}
				for settled, n := range of {
					t.Logf("%s: %d of %d exact", settled, exact[settled], n)
				}
				// Where nothing is acknowledged there is sleep alone, which is a sign and no
				// proof: on a machine that stands still for 5 ms a thread oversleeps.
				if wrong := of["idle"] - exact["idle"]; wrong > rounds/10 {
					t.Errorf("got %d rounds that are not exact, want at most a tenth of %d", wrong, rounds)
				}
				want := "acknowledged+idle"
				if silent {
					want = "idle"
				}
				idle := of["acknowledged+idle"] + of["idle"]
				if settle == "auto" && canIdle && (idle != rounds || of[want] < rounds/2) {
					t.Errorf("got %v, want all %d rounds idle and half of them settled as %s", of, rounds, want)
				}
			})
		}
	}
}

// inexact compares the state of n1 with the counts of the cut.
func inexact(s *clustertest.Snapshot, sums []int, silent bool) error {
	text, _, _ := stateOf(s, "n1")
	there, back := s.Channel("n2", "n1"), s.Channel("n1", "n2")
	if got, want := clustertest.JSON[int](text), sums[there.Received]; got != want {
		return fmt.Errorf("got a state of %d, want %d, the sum of the %d messages received", got, want, there.Received)
	}
	if !silent && back.Sent != there.Received {
		return fmt.Errorf("got %d answers, want %d, one for each message received", back.Sent, there.Received)
	}
	return nil
}

// One token goes round four children as fast as it can; every snapshot sees it at
// exactly one place.
func TestToken(t *testing.T) {
	n := times(100, 500)
	c := run(t, file(4, "token", "state = \"snapshot\"\nsettle_timeout = \"20ms\"\n"))
	c.Up()
	if got := c.Call("n1", `{"type":"start"}`); !strings.Contains(got, "start_ok") {
		t.Fatalf("got %s, want start_ok", got)
	}
	inFlight, passed := 0, 0
	for i := range n {
		s := c.Complete(c.Config.IDs()[i%4])
		tokens, before := 0, passed
		var held int
		passed = 0
		for _, state := range clustertest.States[struct{ Tokens, Passed int }](s) {
			held += state.Tokens
			passed += state.Passed
		}
		for _, channel := range s.Channels {
			for _, payload := range clustertest.Payloads(channel) {
				if strings.Contains(payload, `"token"`) {
					inFlight++
					tokens++
				}
			}
		}
		tokens += held
		if tokens != 1 || passed < before {
			t.Fatalf("snapshot %d: got %d tokens, passed on %d times; want 1, %d times or more\n%s", i, tokens, passed, before, s)
		}
	}
	t.Logf("%d snapshots: passed on %d times, %d times in flight", n, passed, inFlight)
	if passed < n {
		t.Errorf("got a token passed on %d times, want %d or more", passed, n)
	}
}

// Values are broadcast while snapshots are taken: who knows one, its origin knows it;
// who knows one has told it to everybody, and it has arrived or is on its way.
func TestGossip(t *testing.T) {
	n := times(25, 100)
	c := run(t, file(4, "gossip", "state = \"snapshot\"\n"))
	c.Up()
	stop := make(chan struct{})
	var wait sync.WaitGroup
	var told atomic.Int64
	for _, id := range c.Config.IDs() {
		wait.Go(func() {
			client := c.Client(id)
			defer client.Close()
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := client.Call(c.Ctx, fmt.Appendf(nil, `{"type":"broadcast","value":"%s-%d"}`, id, i)); err != nil {
					t.Error(err)
					return
				}
				told.Add(1)
			}
		})
	}
	inFlight := 0
	for i := range n {
		s := c.Complete(c.Config.IDs()[i%4])
		inFlight += c.causes(s)
	}
	close(stop)
	wait.Wait()
	t.Logf("%d snapshots, %d values, %d messages in flight", n, told.Load(), inFlight)
	if told.Load() < 10 {
		t.Errorf("got %d values told, want 10 or more", told.Load())
	}
}

// causes checks that no effect is there without its cause, and none is lost.
func (c *cluster) causes(s *clustertest.Snapshot) (inFlight int) {
	c.t.Helper()
	known := map[snapshot.ProcessID]map[string]bool{}
	for id, values := range clustertest.States[[]string](s) {
		known[id] = map[string]bool{}
		for _, v := range values {
			known[id][v] = true
		}
	}
	for id, values := range known {
		for v := range values {
			if origin, _, _ := strings.Cut(v, "-"); !known[snapshot.ProcessID(origin)][v] {
				c.t.Fatalf("%s knows %s, but not its origin\n%s", id, v, s)
			}
		}
	}
	for _, channel := range s.Channels {
		from, to := channel.Channel.From, channel.Channel.To
		onWay := map[string]bool{}
		for _, payload := range clustertest.Payloads(channel) {
			said := clustertest.JSON[said](payload)
			onWay[said.Body.Value] = true
			inFlight++
			if !known[from][said.Body.Value] {
				c.t.Fatalf("%s is on its way from %s, which does not know it\n%s", said.Body.Value, from, s)
			}
		}
		for v := range known[from] {
			if from != to && !known[to][v] && !onWay[v] {
				c.t.Fatalf("%s knows %s; %s does not, and it is not on its way\n%s", from, v, to, s)
			}
		}
	}
	return inFlight
}
