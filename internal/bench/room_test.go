package bench

import (
	"math"
	"strings"
	"testing"
)

func TestRoomNamesWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	if got := room(dir, 1, 1); got != "" {
		t.Errorf("room for one byte: got %q, want enough", got)
	}
	const all = math.MaxUint64
	if got, want := room(dir, all, 1), "needs 17592186044415 MiB in "+dir; !strings.HasPrefix(got, want) {
		t.Errorf("disk: got %q, want %s …", got, want)
	}
	if _, ok := memoryFree(); !ok {
		t.Skip("this system does not report its memory")
	}
	if got, want := room(dir, 1, all), "needs 17592186044415 MiB of memory"; !strings.HasPrefix(got, want) {
		t.Errorf("memory: got %q, want %s …", got, want)
	}
}
