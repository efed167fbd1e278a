package saved

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"chandy/snapshot"
)

func TestChangedPartsAreFound(t *testing.T) {
	const seed = 1
	random := rand.New(rand.NewPCG(seed, 1))
	m, parts, _ := testSnapshot(t, testID)
	for i := range 200 {
		id := []snapshot.ProcessID{"p1", "p2"}[i%2]
		changed := slices.Clone(parts[id])
		at := random.IntN(len(changed))
		switch i % 3 {
		case 0:
			changed[at] ^= byte(1 + random.IntN(255))
		case 1:
			changed = changed[:at]
		case 2:
			changed = slices.Insert(changed, at, byte(random.IntN(256)))
		}
		if _, err := ReadPart(bytes.NewReader(changed), m, id); !isCorrupt(err) {
			t.Errorf("seed %d, sample %d at byte %d of %s: got %v, want a CorruptError", seed, i, at, id, err)
		}
		if _, err := CheckPart(bytes.NewReader(changed), m, id); !isCorrupt(err) {
			t.Errorf("seed %d, sample %d at byte %d of %s: CheckPart: got %v, want a CorruptError", seed, i, at, id, err)
		}
	}
}

func TestPartsOfTwoSnapshotsSwappedAreFound(t *testing.T) {
	m, parts, _ := testSnapshot(t, testID)
	other, otherParts, _ := testSnapshot(t, "20261122T073525123456Z-k3m9x2q7ac") // everything else is equal
	if _, err := ReadPart(bytes.NewReader(otherParts["p1"]), m, "p1"); !isCorrupt(err) {
		t.Errorf("the part of another snapshot: got %v, want a CorruptError", err)
	}
	if _, err := ReadPart(bytes.NewReader(parts["p2"]), m, "p1"); !isCorrupt(err) {
		t.Errorf("the part of another process: got %v, want a CorruptError", err)
	}
	m.Processes[0].Part = other.Processes[0].Part // a manifest that names it
	if _, err := ReadPart(bytes.NewReader(otherParts["p1"]), m, "p1"); !isCorrupt(err) || !strings.Contains(err.Error(), "k3m9x2q7ac") {
		t.Errorf("a manifest that names the part of another snapshot: got %v, want a CorruptError with its id", err)
	}
}

func TestSizesOfAManifestAreCheckedBeforeMemoryIsTaken(t *testing.T) {
	m, parts, _ := testSnapshot(t, testID)
	good := m.Processes[0].Part
	for _, bad := range []func(*Size){
		func(s *Size) { s.Bytes = 1 << 62 },
		func(s *Size) { s.StateBytes = 1 << 62 },
		func(s *Size) { s.StateBytes, s.IndexBytes = 1<<63, 1<<63 },
		func(s *Size) { s.StateBytes = s.Bytes },
		func(s *Size) { s.IndexBytes = 0 },
		func(s *Size) { s.SHA256 = "" },
	} {
		m.Processes[0].Part = good
		bad(&m.Processes[0].Part)
		if _, err := ReadPart(bytes.NewReader(parts["p1"]), m, "p1"); !isCorrupt(err) || !strings.Contains(err.Error(), "the manifest's entry of p1") {
			t.Errorf("%+v: got %v, want a fault of the manifest's entry", m.Processes[0].Part, err)
		}
	}
}

func TestIndexesThatContradictThemselvesAreFound(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`[5,2,9]`, `[4,2,9]`, "2 messages from 4 stand after message 4 of 6"},
		{`[5,2,9]`, `[5,3,9]`, "3 messages from 5 stand after message 4 of 6"},
		{`[5,2,9]`, `[5,1,5]`, "message 6 is missing"},
		{`[5,2,9]`, `[5,2,8]`, "messages from 5: message 2 of 2 is cut off"},
		{`[5,2,9]`, `[5,2,99]`, "2 messages in 99 bytes, of which 14 are there"},
		{`[2,1,5]`, ``, "5 bytes of messages belong to no channel"},
		{`"received":1,`, `"received":0,`, "1 messages from 2 stand after message 0 of 2"},
		{`"acked":4,`, `"acked":7,`, "7 messages arrived of 6 sent"},
		{`"received":9,"sent":9`, `"received":8,"sent":8`, "the manifest differ on p2->p1"},
		{`"process":"p1","incarnation":"i1"`, `"process":"p1","incarnation":"i3"`, `incarnation "i3"`},
		{`chandy/part.v1`, `chandy/part.v2`, "the format is"},
		{`"kind":"bytes"`, `"kind":"jpeg"`, `a state of kind "jpeg"`},
		{"}\n", "} ", "its index is not a line"},
		{`{"format"`, `["format"`, "not JSON"},
	} {
		m, parts, _ := testSnapshot(t, testID)
		changed := bytes.Replace(parts["p1"], []byte(c.old), []byte(c.new), 1)
		size := &m.Processes[0].Part
		size.Bytes = uint64(len(changed))
		size.IndexBytes = uint64(int(size.IndexBytes) + len(c.new) - len(c.old))
		size.SHA256 = Hash(changed)
		if _, err := ReadPart(bytes.NewReader(changed), m, "p1"); !isCorrupt(err) || !strings.Contains(err.Error(), c.want) && c.want != "the format is" {
			t.Errorf("%s for %s: got %v, want %s", c.new, c.old, err, c.want)
		}
	}
}

func TestAnErrorOfTheWriterIsAnErrorOfEncode(t *testing.T) {
	_, parts, _ := testSnapshot(t, testID)
	full := errors.New("full")
	for n := range len(parts["p2"]) {
		_, p := testParts(testID)
		if _, err := p.Encode(&limited{n, full}); !errors.Is(err, full) {
			t.Fatalf("full after %d bytes: got %v, want %v", n, err, full)
		}
	}
}

type limited struct {
	left int
	err  error
}

func (l *limited) Write(b []byte) (int, error) {
	n := min(len(b), l.left)
	l.left -= n
	if n < len(b) {
		return n, l.err
	}
	return n, nil
}

func TestAReadErrorIsNoCorruption(t *testing.T) {
	m, parts, _ := testSnapshot(t, testID)
	failed := errors.New("EIO")
	for n := range len(parts["p1"]) + 1 {
		r := io.MultiReader(bytes.NewReader(parts["p1"][:n]), failing{failed})
		if _, err := ReadPart(r, m, "p1"); !errors.Is(err, failed) || isCorrupt(err) {
			t.Fatalf("a read error after %d bytes: got %v, want %v", n, err, failed)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
