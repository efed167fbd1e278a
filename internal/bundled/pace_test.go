package bundled

import (
	"testing"
	"time"

	"chandy/internal/clustertest"
)

// Ticks that come late cost nothing: the events are caught up.
func TestPace(t *testing.T) {
	random := clustertest.Rand(t)
	for _, rate := range []float64{0.1, 1, 10, 333.3, 20_000, 1e6} {
		const run = 10 * time.Second
		p := pace{rate: rate}
		total, ticks := 0, 0
		now := p.wait()
		for now < run {
			total += p.due(now)
			ticks++
			late := time.Duration(random.Int64N(int64(50 * time.Microsecond)))
			if random.IntN(10_000) == 0 {
				late = time.Duration(random.Int64N(int64(paceMadeUp / 10)))
			}
			now += p.wait() + late
		}
		// Events that are owed at the end are not lost, only later.
		want := rate * p.last.Seconds()
		if got := float64(total) + p.owed; got < want-0.01 || got > want+0.01 {
			t.Errorf("rate %v: got %v events in %v, want %v", rate, got, p.last, want)
		}
		if most := int(run/paceMin) + total/paceBatch + 1; ticks > most {
			t.Errorf("rate %v: got %d ticks, want at most %d", rate, ticks, most)
		}
	}
}

func TestPaceMakesUpForLittle(t *testing.T) {
	p := pace{rate: 1000}
	total := 0
	for now, n := time.Hour, -1; n != 0; now += p.wait() {
		if n = p.due(now); n > paceBatch {
			t.Errorf("got %d events at once, want at most %d", n, paceBatch)
		}
		total += n
		if p.wait() >= paceMin {
			break
		}
	}
	if total != 1001 { // those of a second, and one
		t.Errorf("after an hour: got %d events, want 1001", total)
	}
}

func TestPaceWait(t *testing.T) {
	for _, c := range []struct {
		rate float64
		want time.Duration
	}{
		{1e-300, paceMax},
		{1.0 / 7200, paceMax},
		{1, time.Second + 1},
		{10, 100*time.Millisecond + 1},
		{1e6, paceMin},
	} {
		if got := (&pace{rate: c.rate}).wait(); got != c.want {
			t.Errorf("rate %v: got %v, want %v", c.rate, got, c.want)
		}
	}
	slow := pace{rate: 1.0 / 5400} // one in an hour and a half
	if n := slow.due(time.Hour); n != 0 {
		t.Errorf("after an hour: got %d due, want 0", n)
	}
	if n := slow.due(time.Hour + slow.wait()); n != 1 {
		t.Errorf("after an hour and a half: got %d due, want 1", n)
	}
}
