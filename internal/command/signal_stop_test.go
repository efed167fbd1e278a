package command

import (
	"bufio"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

const savingPair = `name = "bank"
process = [{ id = "p1", address = "127.0.0.1:$P1" }, { id = "p2", address = "127.0.0.1:$P2" }]
program = { kind = "bank" }
snapshot.every = "1h"
`

// p1 cannot save, because p2 hangs. GNU timeout sends two signals at once, so the second one
// counts only after a while.
func TestASecondSignalEndsTheSavingOfANode(t *testing.T) {
	t.Parallel()
	p := newPlace(t, savingPair)
	r, w, err := os.Pipe()
	p.check(err)
	defer r.Close()
	p1, p2 := p.start(w, "chandy", "node", "p1"), p.start(nil, "chandy", "node", "p2")
	w.Close()
	p.chandy("initiate", "--wait")
	p.check(p2.Process.Signal(syscall.SIGSTOP))
	p.check(p1.Process.Signal(syscall.SIGTERM))
	asked := make(chan struct{})
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		switch {
		case strings.Contains(lines.Text(), "saving before it stops"):
			go func() {
				again := time.NewTicker(10 * time.Millisecond)
				defer again.Stop()
				for {
					select {
					case <-asked:
						return
					case <-again.C:
						p1.Process.Signal(syscall.SIGTERM)
					}
				}
			}()
		case strings.Contains(lines.Text(), "stops without saving: "):
			close(asked)
			if want := "stops without saving: it was asked to stop at once"; !strings.Contains(lines.Text(), want) {
				t.Errorf("got %s, want %q", lines.Text(), want)
			}
		}
	}
	p.ends(p1)
	select {
	case <-asked:
	default:
		t.Error("got a node that has saved, want one that stops without saving")
	}
}
