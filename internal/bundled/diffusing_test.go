package bundled

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"chandy/internal/clustertest"
	"chandy/internal/config"
	"chandy/internal/question"
	"chandy/program"
	"chandy/snapshot"
)

func startDiffusing(t *testing.T, f *fake, keys string) *diffusing {
	t.Helper()
	d := newProgram(t, "kind = \"diffusing\"\nroot = \"p1\"\n"+keys, "p1", "p2", "p3").(*diffusing)
	d.Start(f)
	return d
}

// Fakes do all the work, and nothing is lost on the way. Idle is said by processes without
// work only.
func TestDiffusingDoesEveryUnitOnce(t *testing.T) {
	seed := clustertest.Seed(t)
	ids := []snapshot.ProcessID{"p1", "p2", "p3"}
	for run := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, run))
		fakes, all := map[snapshot.ProcessID]*fake{}, map[snapshot.ProcessID]*diffusing{}
		for i, id := range ids {
			fakes[id] = newFake(id, seed+run, ids[(i+1)%3], ids[(i+2)%3])
			all[id] = startDiffusing(t, fakes[id], fmt.Sprintf("units = %d", run))
		}
		for {
			var todo []func()
			sum, inFlight := int64(0), 0
			for _, id := range ids {
				f, s := fakes[id], all[id].state
				sum += s.Units + s.Done
				if (idle(all[id]) == snapshot.IdleYes) != (s.Units == 0) || s.Active != (len(f.timers) > 0) {
					t.Fatalf("%s: got %+v, idle %v, %d timers; want it idle without work, and a timer with it", id, s, idle(all[id]), len(f.timers))
				}
				if len(f.timers) > 0 {
					todo = append(todo, func() { f.runTo(f.timers[0].at, nil) })
				}
				for _, to := range ids {
					queue := f.sent[to]
					inFlight += len(queue)
					for _, m := range queue {
						sum += clustertest.JSON[work](m).Units
					}
					if len(queue) > 0 {
						todo = append(todo, func() {
							f.sent[to] = queue[1:]
							all[to].Receive(id, queue[0])
						})
					}
				}
			}
			if sum != int64(run) {
				t.Fatalf("got %d units that are done, at processes or on their way, want %d", sum, run)
			}
			if len(todo) == 0 {
				break
			}
			todo[random.IntN(len(todo))]()
		}
		if run > 20 && all["p2"].state.Done+all["p3"].state.Done == 0 {
			t.Errorf("%d units: got all of them done by the root, want others to take part", run)
		}
	}
}

func TestDiffusingRequests(t *testing.T) {
	f := newFake("p2", 1)
	d := startDiffusing(t, f, "units = 3")
	for _, c := range []struct{ request, reply string }{
		{`{"type":"work"}`, `{"type":"work_ok","active":false,"units":0,"done":0}`},
		{`{"type":"start","msg_id":1}`, `{"type":"start_ok","in_reply_to":1,"active":true,"units":3,"done":0}`},
		{`{"type":"start","units":2}`, `{"type":"start_ok","active":true,"units":5,"done":0}`},
		{`{"type":"start","units":0}`, `{"type":"error","code":22,"text":"\"units\" must be from 1 to 8796093022203, not 0"}`},
		{`{"type":"start","units":8796093022204}`, `{"type":"error","code":22,"text":"\"units\" must be from 1 to 8796093022203, not 8796093022204"}`},
		{`{"type":"start","units":"2"}`, `{"type":"error","code":12,"text":"\"units\" of the request cannot be a JSON string"}`},
		{`{"type":"stop"}`, `{"type":"error","code":10,"text":"unknown request \"stop\": there are start and work"}`},
	} {
		if got := request(t, d, f, c.request); got != c.reply {
			t.Errorf("%s\n got  %s\n want %s", c.request, got, c.reply)
		}
	}
	if len(f.timers) != 1 {
		t.Errorf("got %d timers, want one although two requests started work", len(f.timers))
	}
	f.runTo(time.Second, nil)
	if got, want := capture(t, d), `{"active":false,"units":0,"done":5,"started":5,"sent":0,"received":0}`; got != want {
		t.Errorf("all done, without channels: got %s, want %s", got, want)
	}
}

func TestDiffusingDropsWhatIsNoWork(t *testing.T) {
	f := newFake("p2", 1, "p1")
	d := startDiffusing(t, f, "")
	d.Receive("p1", []byte(`{"type":"work","units":5}`))
	before := d.state
	for i, message := range []string{
		``, `null`, `{}`, `{"type":"work"}`, `{"type":"work","units":0}`, `{"type":"work","units":-5}`, `{"type":"work","units":"5"}`,
		`{"type":"token","units":5}`, `{"type":"work","units":9007199254740988}`,
	} {
		if d.Receive("p1", []byte(message)); d.state != before || d.drops != i+1 {
			t.Errorf("%q: got state %+v, %d dropped; want %+v, %d dropped", message, d.state, d.drops, before, i+1)
		}
	}
	if want := "not a piece of work"; !strings.Contains(f.log.String(), want) {
		t.Errorf("got log %s, want %q in it", &f.log, want)
	}
}

// The root of a restored computation does not start it again, and an active process goes on.
func TestDiffusingRestore(t *testing.T) {
	d := newProgram(t, "kind = \"diffusing\"\nroot = \"p1\"", "p1").(*diffusing)
	for _, bad := range []string{"", "null", "{}", "[]", `{"units":-1}`, `{"active":true,"units":0}`, `{"active":false,"units":2}`, `{"units":"2"}`} {
		if restore(d, []byte(bad)) == nil || d.state != (diffusingState{}) {
			t.Errorf("restore of %q: got no error or state %+v, want an error and the state as before", bad, d.state)
		}
	}
	for _, c := range []struct {
		state string
		done  int64
	}{
		{`{"active":true,"units":2,"done":3,"started":5,"sent":0,"received":0}`, 5},
		{`{"active":false,"units":0,"done":3,"started":5,"sent":1,"received":0}`, 3},
	} {
		d := newProgram(t, "kind = \"diffusing\"\nroot = \"p1\"", "p1").(*diffusing)
		if err := restore(d, []byte(c.state)); err != nil {
			t.Fatal(err)
		}
		f := newFake("p1", 1)
		d.Start(f)
		if got := capture(t, d); got != c.state {
			t.Errorf("restored: got %s, want %s", got, c.state)
		}
		if f.runTo(time.Second, nil); d.state.Done != c.done || d.state.Active {
			t.Errorf("%s: got %+v in the end, want %d units done", c.state, d.state, c.done)
		}
	}
}

func TestDiffusingSettings(t *testing.T) {
	for keys, want := range map[string]string{
		``:                              "root: is missing: the id of the process that has the work at the start",
		`root = "zz"`:                   `root: there is no process "zz"`,
		"root = \"p1\"\nunits = -1":     "units: must be from 0 to 8796093022208, not -1",
		"root = \"p1\"\nwork = \"-1s\"": `work: must be from 0s to 1h, not "-1s"`,
		"root = \"p1\"\nunit = 1":       `unknown key "unit": did you mean "units"?`,
	} {
		if _, err := bundled(settings(t, "kind = \"diffusing\"\n"+keys), []snapshot.ProcessID{"p1"}); err == nil || err.Error() != want {
			t.Errorf("%q: got error %v, want %s", keys, err, want)
		}
	}
}

// Termination is said only after all the work is done.
func TestSnapshotsSayInTimeThatADiffusingComputationHasTerminated(t *testing.T) {
	random := rand.New(rand.NewPCG(clustertest.Seed(t), 1))
	options := clustertest.Options{Program: func(c *config.Cluster, p config.Process) (program.Program, error) { return New(c, p) }}
	active := 0
	for range 20 {
		units := 1 + random.IntN(60)
		file := clustertest.File(fmt.Sprintf("[program]\nkind = \"diffusing\"\nroot = \"p1\"\nunits = %d\nwork = \"%dms\"\n[network]\ndelay = \"%dms\"",
			units, random.IntN(20), random.IntN(40)), clustertest.IDs("p", 2+random.IntN(4))...)
		clustertest.Virtual(t, file, options, func(t *testing.T, c *clustertest.Cluster) {
			c.Start()
			c.Up()
			for round := range 2 { // the second one begins with a request
				for {
					s := c.Complete("p1")
					terminated := question.Terminated(s.Global).Verdict == question.Yes
					done := 0
					for _, id := range c.Config.IDs() {
						done += clustertest.JSON[struct{ Done int }](c.Call(id, `{"type":"work"}`)).Done
					}
					if terminated {
						if want := units * (round + 1); done != want {
							t.Errorf("got a terminated snapshot when %d of %d units were done, want all done\n%s", done, want, s)
						}
						break
					}
					active++
					time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond)
				}
				if round == 0 {
					c.Call("p2", `{"type":"start"}`)
				}
			}
		})
	}
	if active < 20 {
		t.Errorf("got %d snapshots before the end, want at least 20", active)
	}
}
