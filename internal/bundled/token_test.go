package bundled

import (
	"testing"

	"chandy/internal/config"
	"chandy/snapshot"
)

func tokenProgram(t *testing.T, text string) *token {
	t.Helper()
	c, err := config.Parse("test.toml", []byte("name=\"t\"\n[[process]]\nid=\"p1\"\naddress=\"127.0.0.1:1\"\n[program]\nkind=\"token\"\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	p, err := bundled(c.Processes[0].Program, []snapshot.ProcessID{"p1", "p2", "p3"})
	if err != nil {
		t.Fatal(err)
	}
	return p.(*token)
}

// The token goes to the next id of the ring, and from the last to the first.
func TestTokenNext(t *testing.T) {
	for _, test := range []struct {
		id       snapshot.ProcessID
		channels []snapshot.ProcessID
		next     snapshot.ProcessID
	}{
		{"p1", []snapshot.ProcessID{"p2", "p3"}, "p2"},
		{"p2", []snapshot.ProcessID{"p1", "p3"}, "p3"},
		{"p3", []snapshot.ProcessID{"p1", "p2"}, "p1"},
		{"p1", []snapshot.ProcessID{"p1"}, "p1"},
		{"p1", nil, ""},
	} {
		p := tokenProgram(t, `holder = "p1"`)
		p.Start(newFake(test.id, 1, test.channels...))
		if p.next != test.next {
			t.Errorf("%s with channels %v passes to %q, not %q", test.id, test.channels, p.next, test.next)
		}
	}
}

// A round of three, with captures in between: the token is at one place, always.
func TestTokenRound(t *testing.T) {
	ids := []snapshot.ProcessID{"p1", "p2", "p3"}
	var fakes []*fake
	var programs []*token
	for i, id := range ids {
		f, p := newFake(id, 1, ids[(i+1)%3]), tokenProgram(t, "holder = \"p2\"\nhold = \"5ms\"")
		fakes, programs = append(fakes, f), append(programs, p)
		p.Start(f)
	}
	count := func() (n int) {
		for i, p := range programs {
			n += p.state.Tokens + len(fakes[i].sent[ids[(i+1)%3]])
		}
		return n
	}
	for range 100 {
		for i, f := range fakes {
			f.runTo(f.now+programs[i].settings.Hold, nil)
			if n := count(); n != 1 {
				t.Fatalf("%d tokens", n)
			}
			next := ids[(i+1)%3]
			for _, m := range f.sent[next] {
				programs[(i+1)%3].Receive(ids[i], m)
			}
			f.sent[next] = nil
			if n := count(); n != 1 {
				t.Fatalf("%d tokens", n)
			}
		}
	}
	if programs[0].state.Passed < 50 {
		t.Errorf("passed on %d times only", programs[0].state.Passed)
	}
}

func TestTokenRestore(t *testing.T) {
	p := tokenProgram(t, `holder = "p1"`)
	for _, bad := range []string{"", "null", "{}", `{"tokens": -1}`, "[]"} {
		if restore(p, []byte(bad)) == nil {
			t.Errorf("restored from %q", bad)
		}
	}
	if err := restore(p, []byte(`{"tokens":0,"passed":3}`)); err != nil {
		t.Fatal(err)
	}
	f := newFake("p1", 1, "p2")
	p.Start(f) // the holder of the cluster file, but not any more
	if p.state != (tokenState{0, 3}) {
		t.Errorf("%+v", p.state)
	}
}

func TestTokenSettings(t *testing.T) {
	if _, err := bundled(settings(t, "kind = \"token\"\nholder = \"zz\""), []snapshot.ProcessID{"p1"}); err == nil || err.Error() != `holder: there is no process "zz"` {
		t.Errorf("%v", err)
	}
	c, err := config.Parse("test.toml", []byte("name=\"t\"\n[[process]]\nid=\"p1\"\naddress=\"127.0.0.1:1\"\n[program]\nkind=\"token\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bundled(c.Processes[0].Program, []snapshot.ProcessID{"p1", "p2", "p3"}); err == nil || err.Error() != "holder: is missing: the id of the process that has the token at the start" {
		t.Errorf("%v", err)
	}
}
