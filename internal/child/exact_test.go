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
	"chandy/internal/explore"
	"chandy/snapshot"
)

var soak = flag.Bool("soak", false, "ten times the rounds, five times the snapshots")

func times(n, soaked int) int {
	switch {
	case *soak:
		return soaked
	case explore.Race:
		return max(1, n/5)
	}
	return n
}

// driver sends numbers to a child that adds them up.
type driver struct {
	*clustertest.Driver
	ids  bool // with a msg_id
	sent int
	sum  []int // sum[i] is the sum of the first i numbers
}

// burst sends n numbers. It must be called on the loop.
func (d *driver) burst(n int, numbers *rand.Rand) {
	for range n {
		d.sent++
		add := 1 + numbers.IntN(100)
		id := ""
		if d.ids {
			id = fmt.Sprintf(`,"msg_id":%d`, d.sent)
		}
		d.Send("n1", fmt.Appendf(nil, `{"src":"n2","dest":"n1","body":{"type":"add","n":%d%s}}`, add, id))
		d.sum = append(d.sum, d.sum[len(d.sum)-1]+add)
	}
}

// A snapshot is taken between two bursts of numbers. If it says acknowledged+idle, the state
// of the child is exactly the sum of what it received before the cut, and the child has
// answered all of that. The test counts the snapshots of which that is true.
func TestExact(t *testing.T) {
	for _, kind := range []string{"single", "threads"} {
		for _, settle := range []string{"auto", "none", "auto, without replies"} {
			if !canIdle && kind == "threads" && strings.Contains(settle, ",") {
				continue // without replies only idle says anything
			}
			t.Run(kind+", settle "+settle, func(t *testing.T) {
				rounds := times(100, 1000)
				if settle != "auto" {
					rounds /= 3
				}
				settle, _, silent := strings.Cut(settle, ",")
				numbers := clustertest.Rand(t)
				c := newCluster(t, file(2, kind, fmt.Sprintf("state = \"snapshot\"\nsettle = %q\n", settle)+unhurried, "", with(`kind = "driver"`)))
				c.Start("n1")
				d := &driver{Driver: c.Drive("n2"), ids: !silent, sum: []int{0}}
				c.Up()
				exact, of := map[string]int{}, map[string]int{}
				for round := range rounds {
					burst := func() { d.burst(1+numbers.IntN(40), numbers) }
					d.Do(burst)
					var again sync.WaitGroup
					again.Go(func() { d.Do(burst) })
					s := c.Complete([]snapshot.ProcessID{"n1", "n2"}[round%2])
					again.Wait()
					var sums []int
					d.Wait(func() { sums = slices.Clone(d.sum) })
					fault := inexact(s, sums, silent)
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
				// Without replies there is only sleep, which is a sign and no proof. A thread may
				// oversleep on a machine that was paused for 5 ms.
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

// A token goes round four children as fast as it can. Every snapshot contains it exactly
// once.
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

// Values are broadcast while snapshots are taken. If a child knows a value, its origin knows
// it too. Every other child knows it, or the message with it is in flight.
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
					t.Errorf("broadcast at %s: got error %v, want none", id, err)
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

// causes checks that no value is known without its cause, and that no message is lost. It
// returns how many messages are in flight.
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
				c.t.Fatalf("got %s, which %s knows, unknown at its origin, want it known\n%s", v, id, s)
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
				c.t.Fatalf("%s: got %s in flight, unknown at %s, want it known\n%s", channel.Channel, said.Body.Value, from, s)
			}
		}
		for v := range known[from] {
			if from != to && !known[to][v] && !onWay[v] {
				c.t.Fatalf("%s: got %s, known at %s, lost, want it known at %s or in flight\n%s", channel.Channel, v, from, to, s)
			}
		}
	}
	return inFlight
}
