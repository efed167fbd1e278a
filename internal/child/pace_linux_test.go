package child

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

func init() { children["select"] = selecting }

// selecting waits for input with select and then reads one line with a buffered reader.
// The next select does not see the lines that are already in the buffer.
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

// A child that selects and then reads one buffered line stops reading after a burst, unless
// each line is written only when the child has read the line before.
func TestPace(t *testing.T) {
	const n = 200
	for _, pace := range []bool{true, false} {
		c := run(t, file(2, "puppet", "", with(env("select"), fmt.Sprintf("pace = %v", pace), `state = "snapshot"`)))
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
