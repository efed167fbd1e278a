package difference

import (
	"fmt"
	"strings"
	"testing"

	"chandy/snapshot"
)

// one decodes a snapshot of the processes p1 and p2. The texts are the members of the processes
// besides their times, and of the channel p1->p2 besides its ends. A process without members is
// missing.
func one(t *testing.T, epoch int, p1, p2, channel string) *snapshot.Global {
	t.Helper()
	status, missing := "complete", ""
	times := `,"recorded_after_ms":0,"completed_after_ms":1}`
	processes := `"p1":{` + p1 + times + `,"p2":{` + p2 + times
	if p2 == "" {
		processes = `"p1":{` + p1 + times
		status, missing = "partial", `{"process":"p2","reason":"unreachable","detail":""}`
	}
	channels := `{"from":"p1","to":"p2",` + channel + `}`
	if channel == "" {
		channels = ""
	}
	text := fmt.Sprintf(`{"format":"chandy/snapshot.v1","id":"S","cluster":"c","epoch":%d,"status":%q,"initiators":["p1"],
		"started_at":"2026-11-22T07:35:25Z","elapsed_ms":1,"processes":{%s},"channels":[%s],"missing":[%s]}`, epoch, status, processes, channels, missing)
	g, err := snapshot.Decode([]byte(text))
	if err != nil {
		t.Fatalf("decode the snapshot of the test: %v\n%s", err, text)
	}
	return g
}

const (
	stateI1 = `"state":{"x":1},"incarnation":"i1"`
	stateI2 = `"state":{"x":1},"incarnation":"i2"`
	quiet5  = `"incarnations":["i1","i2"],"sent":5,"received":5,"messages":[]`
)

// text renders what differs of p2 and of the channel.
func text(a, b *snapshot.Global) string {
	var all []string
	add := func(when bool, format string, args ...any) {
		if when {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	for _, p := range Processes(a, b) {
		if p.Changed() || p.Unknown != "" {
			add(true, "%s", p.ID)
		}
		add(p.Where != Both, "only %v", [...]string{"", "A", "B"}[p.Where])
		add(p.Anew, "anew")
		add(p.Note != "", "%s", p.Note)
		add(p.Unknown != "", "unknown: %s", p.Unknown)
		for _, c := range p.Changes {
			add(true, "%s %s->%s", c.Pointer, c.Old, c.New)
		}
	}
	for _, c := range Channels(a, b) {
		if !c.Changed() && c.Unknown == "" {
			continue
		}
		add(true, "%s", c.Channel)
		add(c.Where != Both, "only %v", [...]string{"", "A", "B"}[c.Where])
		add(c.Anew, "anew")
		add(c.Unknown != "", "%s", c.Unknown)
		add(c.Where == Both && c.Unknown == "", "sent %d, received %d, %v(%d)->%v(%d)", c.Sent, c.Received, c.A, c.A.Count(), c.B, c.B.Count())
	}
	return strings.Join(all, "; ")
}

func TestDifferencesBetweenSnapshots(t *testing.T) {
	flying := `"incarnations":["i1","i2"],"sent":9,"received":6,"messages":[{"seq":7,"payload":1},{"seq":8,"payload":1},{"seq":9,"payload":1}]`
	for _, c := range []struct {
		name   string
		epochA int
		p2A    string
		chanA  string
		epochB int
		p2B    string
		chanB  string
		want   string
	}{
		{"equal", 1, stateI2, quiet5, 1, stateI2, quiet5, ""},
		{"a state", 1, stateI2, quiet5, 1, `"state":{"x":2},"incarnation":"i2"`, quiet5, "p2; /x 1->2"},
		{"messages", 1, stateI2, quiet5, 1, stateI2, flying, "p1->p2; sent 4, received 1, {0 0}(0)->{7 9}(3)"},
		{"the older snapshot second", 1, stateI2, flying, 1, stateI2, quiet5, "p1->p2; sent -4, received -1, {7 9}(3)->{0 0}(0)"},
		{"a restart", 1, stateI2, quiet5, 1, `"state":{"x":1},"incarnation":"i3"`,
			`"incarnations":["i1","i3"],"sent":1,"received":0,"messages":[{"seq":1,"payload":1}]`, "p2; anew; p1->p2; anew; sent 0, received 0, {0 0}(0)->{1 1}(1)"},
		{"a restart of the sender, of which only the channel knows", 1, stateI2, quiet5, 1, stateI2,
			`"incarnations":["i0","i2"],"sent":5,"received":5,"messages":[]`, "p1->p2; anew; sent 0, received 0, {0 0}(0)->{0 0}(0)"},
		{"an epoch", 1, stateI2, quiet5, 2, stateI2, quiet5, "p1; anew; p2; anew; p1->p2; anew; sent 0, received 0, {0 0}(0)->{0 0}(0)"},
		{"base64, equal", 1, `"state_base64":"AAE=","incarnation":"i2"`, quiet5, 1, `"state_base64":"AAE=","incarnation":"i2"`, quiet5, ""},
		{"base64, different", 1, `"state_base64":"AAE=","incarnation":"i2"`, quiet5, 1, `"state_base64":"AAEC","incarnation":"i2"`, quiet5,
			"p2; 2 bytes that are not JSON -> 3 bytes that are not JSON"},
		{"base64 and JSON", 1, `"state_base64":"AAE=","incarnation":"i2"`, quiet5, 1, stateI2, quiet5, "p2; 2 bytes that are not JSON -> JSON"},
		{"no state in both", 1, `"state":null,"state_error":"e","incarnation":"i2"`, quiet5, 1, `"state":null,"state_error":"e","incarnation":"i2"`, quiet5,
			"p2; unknown: no state in both snapshots: e"},
		{"no state in the first", 1, `"state":null,"state_error":"e","incarnation":"i2"`, quiet5, 1, stateI2, quiet5, "p2; unknown: no state in the first snapshot: e"},
		{"no state in the second", 1, stateI2, quiet5, 1, `"state":null,"state_error":"e","incarnation":"i2"`, quiet5, "p2; unknown: no state in the second snapshot: e"},
		{"partial", 1, stateI2, quiet5, 1, "", `"incarnations":[null,"i2"],"sent":6,"received":null,"messages":null`, "p2; only A; p1->p2; missing in the second snapshot"},
		{"partial first", 1, "", `"incarnations":[null,"i2"],"sent":6,"received":null,"messages":null`, 1, stateI2, quiet5, "p2; only B; p1->p2; missing in the first snapshot"},
		{"partial both", 1, "", `"incarnations":[null,"i2"],"sent":6,"received":null,"messages":null`, 1, "",
			`"incarnations":[null,"i2"],"sent":6,"received":null,"messages":null`, "p1->p2; missing in both snapshots"},
		{"a channel that is gone", 1, stateI2, quiet5, 1, stateI2, "", "p1->p2; only A"},
		{"a channel that is new", 1, stateI2, "", 1, stateI2, quiet5, "p1->p2; only B"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := one(t, c.epochA, stateI1, c.p2A, c.chanA), one(t, c.epochB, stateI1, c.p2B, c.chanB)
			if got := text(a, b); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
