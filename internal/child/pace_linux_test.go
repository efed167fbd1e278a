package child

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

func init() { children["select"] = selecting }

// selecting waits for input with select and then reads one line of a buffered
// reader: what the reader has taken besides is not seen by the next select.
func selecting() {
	p := newPuppet()
	fd := int(os.Stdin.Fd())
	read := func() (string, said) {
		var set syscall.FdSet
		set.Bits[0] = 1 << fd
		for {
			if _, err := syscall.Select(fd+1, &set, nil, nil, nil); err != syscall.EINTR {
				return p.read()
			}
		}
	}
	_, m := read()
	p.id = m.Body.NodeID
	p.reply(m, "init_ok", "")
	for count := 0; ; {
		_, m := read()
		switch m.Body.Type {
		case "snapshot":
			p.reply(m, "snapshot_ok", fmt.Sprintf(`,"state":%d`, count))
		default:
			if count++; count == m.Body.N {
				p.send("n2", `{"type":"all"}`)
			}
		}
	}
}

// A child that selects and then reads one buffered line stands still with a burst,
// unless each line waits until it has read the one before.
func TestPace(t *testing.T) {
	const n = 200
	for _, pace := range []bool{true, false} {
		c := newCluster(t, file(2, "puppet", ""))
		c.Config.Processes[0].Program = reparse(t, env("select"), fmt.Sprintf("pace = %v", pace), `state = "snapshot"`).Processes[0].Program
		c.Start("n1")
		c.Start("n2")
		burst := make([]string, n)
		for i := range burst {
			burst[i] = fmt.Sprintf(`{"dest":"n1","body":{"n":%d}}`, n)
		}
		c.print("n2", burst...)
		if pace {
			if got := c.await("n2", 1); !strings.Contains(got[0], "all") {
				t.Errorf("n2: got %q, want \"all\" in it", got)
			}
		}
		s := c.Complete("n2")
		got, _, about := stateOf(s, "n1")
		if pace && got != fmt.Sprint(n) {
			t.Errorf("n1: got %s lines read, want %d", got, n)
		}
		t.Logf("pace %v: %s, %+v", pace, got, about)
	}
}
