package child

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/internal/clustertest"
	"chandy/program"
	"chandy/snapshot"
)

// A snapshot lists the requests that a child has received and not answered, the oldest
// first, whether or not the child is asked for its state.
func TestSnapshotsListOpenRequests(t *testing.T) {
	for _, state := range []string{"none", "snapshot"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			c := run(t, file(2, "puppet", "settle_timeout = \"1ms\"\nstate = \""+state+"\"\n"))
			c.Call("n1", `{"type":"lines"}`) // n1 is ready
			c.print("n2", `{"src":"n2","dest":"n1","body":{"type":"never","msg_id":77}}`,
				`{"src":"n2","dest":"n1","body":{"type":"forward","msg_id":78}}`, // is answered
				`{"src":"n2","dest":"n1","body":{"type":"never","msg_id":"x"}}`,
				`{"src":"n2","dest":"n1","body":{"type":"never"}}`)
			for {
				s := c.Complete("n1")
				open := s.Process("n1").State.Open
				if open == nil {
					t.Fatalf("got no list of open requests, want one\n%s", s)
				}
				if s.Process("n1").State.OpenTotal < 2 || len(clustertest.Payloads(s.Channel("n2", "n1"))) > 0 {
					continue // they have not come yet
				}
				var got []string
				for i, r := range open {
					got = append(got, fmt.Sprintf("%s %s", r.From, r.MsgID))
					if r.Since <= 0 || r.Since > time.Minute || i > 0 && r.Since > open[i-1].Since {
						t.Errorf("got the requests %v, want each to be open for some time, the oldest first", open)
					}
				}
				if got := strings.Join(got, ", "); strings.Contains(got, "78") {
					continue // it is not answered yet
				}
				if want := []string{"n2 77", `n2 "x"`}; !slices.Equal(got, want) {
					t.Errorf("got the requests %v, want %v", got, want)
				}
				if n2 := s.Process("n2").State; n2.Open == nil || len(n2.Open) > 0 {
					t.Errorf("n2: got the requests %v, want an empty list", n2.Open)
				}
				return
			}
		})
	}
}

// What a line says cannot make a state that the recorder refuses.
func TestOpenRequestsAreOnesThatASnapshotCanList(t *testing.T) {
	var r requests
	long := `"` + strings.Repeat("x", snapshot.MsgIDMax) + `"`
	for i, q := range []struct{ from, id string }{
		{"n1", "1"}, {"N2", "2"}, {"", "3"}, {"n1", `{"a":1}`}, {"n2", long}, {"c1", ""}, {"c2", strings.Repeat("7", 200)}, {"n1", "true"}, {"n1", `"\u0000"`},
	} {
		r.add(r.count+1, snapshot.ProcessID(q.from), []byte(q.id), time.Duration(i)*time.Second)
	}
	var state program.State
	r.openRequests(&state, 10*time.Second)
	want := []snapshot.OpenRequest{
		{From: "n1", MsgID: "1", Since: 10 * time.Second}, {From: "n1", Since: 7 * time.Second}, {From: "n2", Since: 6 * time.Second},
		{From: "c1", Since: 5 * time.Second}, {From: "c2", Since: 4 * time.Second}, {From: "n1", Since: 3 * time.Second},
		{From: "n1", MsgID: `"\u0000"`, Since: 2 * time.Second},
	}
	if !slices.Equal(state.Open, want) || state.OpenTotal != 9 || state.CheckOpen() != nil {
		t.Errorf("got %v of %d (%v)\nwant %v of 9", state.Open, state.OpenTotal, state.CheckOpen(), want)
	}
	for i := range 2 * snapshot.OpenMax {
		r.add(r.count+1, "n1", fmt.Appendf(nil, "%d", 1000+i), 10*time.Second)
	}
	if r.openRequests(&state, 11*time.Second); len(state.Open) != snapshot.OpenMax || state.OpenTotal != 9+2*snapshot.OpenMax || state.CheckOpen() != nil {
		t.Errorf("got %d of %d (%v), want %d of %d", len(state.Open), state.OpenTotal, state.CheckOpen(), snapshot.OpenMax, 9+2*snapshot.OpenMax)
	}
}

// A child says beside its state whether it is idle.
func TestAChildSaysWhetherItIsIdle(t *testing.T) {
	for says, want := range map[string]snapshot.Idle{
		``: snapshot.IdleUnknown, `,"idle":true`: snapshot.IdleYes, `,"idle":false`: snapshot.IdleNo, `,"idle":null`: snapshot.IdleUnknown, `,"idle":"yes"`: snapshot.IdleUnknown,
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			environment := strings.Replace(env("puppet"), "{", fmt.Sprintf("{ SAYS = %q,", says), 1)
			c := run(t, file(1, "puppet", "", with(environment, `state = "snapshot"`)))
			s := c.Complete("n1")
			if got := s.Process("n1").State.Idle; got != want {
				t.Errorf("snapshot_ok with %s: got idle %v, want %v\n%s", says, got, want, s)
			}
			if want == snapshot.IdleUnknown && strings.Contains(says, "yes") {
				c.Logged("neither true nor false")
			}
		})
	}
}
