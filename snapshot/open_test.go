package snapshot

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// requests returns n open requests, oldest first.
func requests(n int) []OpenRequest {
	all := make([]OpenRequest, n)
	for i := range all {
		all[i] = OpenRequest{"p1", "7", time.Duration(n-i) * time.Millisecond}
	}
	return all
}

func TestAProgramsOpenRequestsAreBounded(t *testing.T) {
	for _, c := range []struct {
		open        []OpenRequest
		total       uint64
		listed      int
		wantTotal   uint64
		description string
	}{
		{nil, 0, 0, 0, "not known"},
		{requests(0), 0, 0, 0, "none"},
		{requests(3), 0, 3, 3, "three"},
		{requests(3), 9, 3, 9, "three of nine"},
		{requests(OpenMax + 5), 0, OpenMax, OpenMax + 5, "too many to list"},
	} {
		s := State{Open: c.open, OpenTotal: c.total}.boundOpen()
		if s.Error != "" || !slices.Equal(s.Open, c.open[:c.listed]) || (s.Open == nil) != (c.open == nil) || s.OpenTotal != c.wantTotal {
			t.Errorf("%s: got %d listed (nil: %v), total %d, error %q; want the first %d and total %d",
				c.description, len(s.Open), s.Open == nil, s.OpenTotal, s.Error, c.listed, c.wantTotal)
		}
	}
}

func TestOpenRequestsThatBreakARuleBecomeAStateError(t *testing.T) {
	one := func(r OpenRequest) State { return State{Open: []OpenRequest{r}} }
	for want, s := range map[string]State{
		`open[0]: from: "" is empty`:           one(OpenRequest{}),
		`open[0]: from: "P1" must consist of`:  one(OpenRequest{From: "P1"}),
		`open[0]: msg_id: "x" is not`:          one(OpenRequest{From: "c1", MsgID: "x"}),
		`open[0]: msg_id: "true" is not`:       one(OpenRequest{From: "c1", MsgID: "true"}),
		`open[0]: msg_id: "1 " is not`:         one(OpenRequest{From: "c1", MsgID: "1 "}),
		`open[0]: msg_id: "\"\xff\"" is not`:   one(OpenRequest{From: "c1", MsgID: "\"\xff\""}),
		`open[0]: since: -1ns is negative`:     one(OpenRequest{From: "c1", Since: -1}),
		`open[1] is older than open[0]`:        {Open: []OpenRequest{{From: "c1"}, {From: "c1", Since: 1}}},
		`2 open requests, but no list of them`: {OpenTotal: 2},
	} {
		got := s.boundOpen()
		if got.Open != nil || got.OpenTotal != 0 || !strings.Contains(got.Error, "open requests: "+want) {
			t.Errorf("%+v: got %+v, want the error %q", s, got, want)
		}
	}
}

func TestResolveKeepsIdleAndOpen(t *testing.T) {
	encode := func(w io.Writer) error {
		_, err := io.WriteString(w, "x")
		return err
	}
	s := State{Idle: IdleYes, Open: requests(2), OpenTotal: 2, Encode: encode}.Resolve()
	if string(s.Bytes) != "x" || s.Idle != IdleYes || !slices.Equal(s.Open, requests(2)) || s.OpenTotal != 2 {
		t.Errorf("got %+v, want the bytes x, and idle and open as they were", s)
	}
}
