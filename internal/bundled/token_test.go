package bundled

import (
	"testing"

	"chandy/snapshot"
)

func tokenProgram(t *testing.T, keys string) *token {
	t.Helper()
	return newProgram(t, "kind = \"token\"\n"+keys, "p1", "p2", "p3").(*token)
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
			t.Errorf("%s with channels %v: got next %q, want %q", test.id, test.channels, p.next, test.next)
		}
	}
}

// The token goes round three processes, and is always at exactly one place.
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
				t.Fatalf("got %d tokens, want 1", n)
			}
			next := ids[(i+1)%3]
			for _, m := range f.sent[next] {
				programs[(i+1)%3].Receive(ids[i], m)
			}
			f.sent[next] = nil
			if n := count(); n != 1 {
				t.Fatalf("got %d tokens, want 1", n)
			}
		}
	}
	if programs[0].state.Passed < 50 {
		t.Errorf("got a token passed on %d times, want 50 or more", programs[0].state.Passed)
	}
}

func TestTokenRestore(t *testing.T) {
	p := tokenProgram(t, `holder = "p1"`)
	for _, bad := range []string{"", "null", "{}", `{"tokens": -1}`, "[]"} {
		if restore(p, []byte(bad)) == nil {
			t.Errorf("restore of %q: got no error, want one", bad)
		}
	}
	if err := restore(p, []byte(`{"tokens":0,"passed":3}`)); err != nil {
		t.Fatal(err)
	}
	f := newFake("p1", 1, "p2")
	p.Start(f) // the cluster file names it as the holder, which counts no more
	if want := (tokenState{0, 3}); p.state != want {
		t.Errorf("restored: got %+v, want %+v", p.state, want)
	}
}

func TestTokenSettings(t *testing.T) {
	for keys, want := range map[string]string{
		`holder = "zz"`: `holder: there is no process "zz"`,
		"":              "holder: is missing: the id of the process that has the token at the start",
	} {
		if _, err := bundled(settings(t, "kind = \"token\"\n"+keys), []snapshot.ProcessID{"p1"}); err == nil || err.Error() != want {
			t.Errorf("%q: got error %v, want %s", keys, err, want)
		}
	}
}
