package eval

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"chandy/internal/explore"
	"chandy/internal/question"
)

// residentMax is what the process may have in memory at most, in KiB: 1.6 GiB.
const residentMax = 1600 << 10

func TestExpressionThatTakesAllMemoryEndsInTime(t *testing.T) {
	if testing.Short() || explore.Race {
		t.Skip("takes more than 1 GiB of memory; the race detector needs address space that the process may not have")
	}
	for _, text := range []string{"def f: [f]; f", `reduce range(100) as $i ("x"; . + .) | length == 0`} {
		e := evaluator(t, 30*time.Second)
		wantYes(t, e)
		p := e.process
		begin := time.Now()
		answers, err := e.Ask(context.Background(), []string{text}, cluster())
		took := time.Since(begin)
		if err == nil && answers[0].Verdict != question.Unknown {
			t.Errorf("%s: got %v, want cannot tell", text, answers[0])
		}
		if err != nil && !strings.Contains(err.Error(), "the expression needs more ") && !strings.Contains(err.Error(), "--eval-timeout") {
			t.Errorf("%s: got error %v, want that it needs more memory or time", text, err)
		}
		if took > e.Timeout+10*time.Second {
			t.Errorf("%s: it took %v, want less than the deadline", text, took)
		}
		e.Close() // waits for the process
		resident := p.cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
		t.Logf("%s: %v, %d MiB at most, after %v", text, err, resident>>10, took)
		if resident > residentMax {
			t.Errorf("%s: got %d KiB in memory, want at most %d", text, resident, residentMax)
		}
		wantYes(t, e)
	}
}
