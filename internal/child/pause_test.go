package child

import (
	"slices"
	"testing"
)

// A paused child is stopped until Resume, and Close lets it end by itself.
func TestAPausedChildIsStoppedUntilResume(t *testing.T) {
	c := newCluster(t, file(2, "puppet", "state = \"snapshot\"\n"))
	x := c.made("n1")
	c.Host("n1", x)
	c.Start("n2")
	c.Complete("n2") // both children are ready
	x.process.Do(x.Pause)
	awaitStopped(t, x.started.PID())
	x.process.Do(x.Resume)
	c.print("n1", `{"dest":"n2","body":{"type":"after"}}`)
	if got, want := c.await("n2", 1), []string{`{"dest":"n2","body":{"type":"after"}}`}; !slices.Equal(got, want) {
		t.Errorf("n2: got %q, want %q", got, want)
	}
	x.process.Do(x.Pause)
	awaitStopped(t, x.started.PID())
	x.started.Close()
	c.ends("n1", "child exited: exit status 0") // and by no signal
}
