package bundled

import (
	"testing"

	"chandy/program"
	"chandy/snapshot"
)

// A bundled program is idle if it sends nothing until it receives something.
func TestBundledProgramsSayWhetherTheyAreIdle(t *testing.T) {
	for _, c := range []struct {
		keys  string
		moved string // received from p2
		want  snapshot.Idle
	}{
		{"kind = \"bank\"", "", snapshot.IdleNo},
		{"kind = \"bank\"\nbalance = 0", "", snapshot.IdleYes},
		{"kind = \"bank\"\nbalance = 0", `{"type":"transfer","amount":1}`, snapshot.IdleNo},
		{"kind = \"bank\"\ntransfers_per_second = 0", "", snapshot.IdleYes},
		{"kind = \"token\"\nholder = \"p1\"", "", snapshot.IdleNo},
		{"kind = \"token\"\nholder = \"p2\"", "", snapshot.IdleYes},
		{"kind = \"token\"\nholder = \"p2\"", `{"type":"token"}`, snapshot.IdleNo},
		{"kind = \"lin-kv\"", "", snapshot.IdleYes},
		{"kind = \"lin-tso\"", "", snapshot.IdleYes},
	} {
		p := newProgram(t, c.keys, "p1", "p2")
		p.Start(newFake("p1", 1, "p2"))
		if c.moved != "" {
			p.Receive("p2", []byte(c.moved))
		}
		p.Capture(func(s program.State) {
			if s = s.Resolve(); s.Idle != c.want || s.Open == nil || len(s.Open) > 0 {
				t.Errorf("%q after %q: got idle %v, open %v; want idle %v, and an empty list", c.keys, c.moved, s.Idle, s.Open, c.want)
			}
		})
	}
	b := newProgram(t, `kind = "bank"`).(*bank)
	f := newFake("p1", 1, "p2")
	b.Start(f)
	request(t, b, f, `{"type":"pause"}`)
	if got := idle(b); got != snapshot.IdleYes {
		t.Errorf("a bank that is paused: got idle %v, want %v", got, snapshot.IdleYes)
	}
}

func idle(p program.Program) (is snapshot.Idle) {
	p.Capture(func(s program.State) { is = s.Idle })
	return is
}
