package bundled

import (
	"fmt"
	"testing"

	"chandy/internal/config"
	"chandy/program"
	"chandy/snapshot"
)

// programs are the [program] tables of the bundled programs.
var programs = []string{
	`kind = "bank"`, `kind = "token"` + "\nholder = \"p1\"", `kind = "philosophers"`, `kind = "diffusing"` + "\nroot = \"p1\"",
	`kind = "lin-kv"`, `kind = "seq-kv"`, `kind = "lww-kv"`, `kind = "lin-tso"`,
}

// FuzzRequest hands what a client or a peer may send to each bundled program: it must not
// panic, and it answers a client at most once.
func FuzzRequest(f *testing.F) {
	for i := range programs {
		for _, payload := range []string{
			`{"type":"balance"}`, `{"type":"transfer","to":"p2","amount":5}`, `{"type":"pause","msg_id":1}`, `{"type":"tokens"}`, `{"type":"token"}`,
			`{"type":"phase"}`, `{"type":"request"}`, `{"type":"fork","dirty":true}`, `{"type":"start","units":5}`, `{"type":"work","units":3}`,
			`{"type":"write","key":1,"value":"x"}`, `{"type":"cas","key":1,"from":2,"to":3,"create_if_not_exists":true}`, `{"type":"ts"}`,
			`{"src":"p2","dest":"p1","body":{"type":"read","key":1,"msg_id":7}}`, `[]`, `{"type":`,
		} {
			f.Add(i, true, []byte(payload))
			f.Add(i, false, []byte(payload))
		}
	}
	f.Fuzz(func(t *testing.T, i int, client bool, payload []byte) {
		table := programs[((i%len(programs))+len(programs))%len(programs)]
		c, err := config.Parse("", fmt.Appendf(nil, "name = \"x\"\n[[process]]\nid = \"p1\"\naddress = \"127.0.0.1:1\"\n[[process]]\nid = \"p2\"\naddress = \"127.0.0.1:2\"\n[program]\n%s\n", table))
		if err != nil {
			t.Fatal(err)
		}
		p, _ := c.Process("p1")
		made, err := New(c, p)
		if err != nil {
			t.Fatal(err)
		}
		host := newFake("p1", 1, "p2")
		made.Start(host)
		from := snapshot.ProcessID("p2")
		if client {
			from = "c1"
		}
		made.Receive(from, payload)
		if got := len(host.sent["c1"]); got > 1 || !client && got > 0 {
			t.Fatalf("%s: got %d replies to a client, want at most one", table, got)
		}
		made.Capture(func(program.State) {})
	})
}
