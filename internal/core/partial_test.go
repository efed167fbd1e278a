package core

import (
	"bytes"
	"strings"
	"testing"

	"chandy/snapshot"
	"chandy/wire"
)

// longMessage returns the fragments of message 1.
func longMessage(size int) (message []byte, fragments []wire.Fragment) {
	message = bytes.Repeat([]byte("0123456789"), size/10+1)[:size]
	batch := snapshot.Batch{First: 1}
	batch.Append(message)
	for f := range (wire.Data{Batch: batch}).Fragments() {
		fragments = append(fragments, f)
	}
	return message, fragments
}

func TestFragmentsMakeTheMessage(t *testing.T) {
	for _, size := range []int{wire.FragmentMax + 1, 2 * wire.FragmentMax, 5*wire.FragmentMax + 7, wire.MessageMax} {
		message, fragments := longMessage(size)
		var p partial
		for range 2 { // it begins anew after a message
			for i, f := range fragments {
				data, whole, err := p.add(f)
				if last := i == len(fragments)-1; err != nil || whole != last || p.open() == last {
					t.Fatalf("size %d, fragment %d of %d: got whole %v, open %v, error %v", size, i, len(fragments), whole, p.open(), err)
				}
				if whole && !bytes.Equal(data.Batch.Next(), message) {
					t.Errorf("size %d: got another message, want the one that was cut", size)
				}
			}
		}
	}
}

// What does not continue a message is a violation, and costs no memory.
func TestFragmentsMustContinue(t *testing.T) {
	_, fragments := longMessage(3 * wire.FragmentMax)
	for name, alter := range map[string]func(f *wire.Fragment){
		"another number": func(f *wire.Fragment) { f.Number++ },
		"another stamp":  func(f *wire.Fragment) { f.Stamp++ },
		"another size":   func(f *wire.Fragment) { f.Size++ },
		"a gap":          func(f *wire.Fragment) { f.Offset++ },
		"a repetition":   func(f *wire.Fragment) { f.Offset = 0 },
	} {
		var p partial
		p.add(fragments[0])
		f := fragments[1]
		alter(&f)
		if _, whole, err := p.add(f); whole || err == nil || !strings.Contains(err.Error(), "byte 65536 of message 1 was due") {
			t.Errorf("%s: got error %v, want one that says what was due", name, err)
		}
	}
	var p partial
	if _, _, err := p.add(fragments[1]); err == nil {
		t.Errorf("a message that begins at byte %d: got no error, want one", fragments[1].Offset)
	}
}

// The memory of a message follows the fragments that have come, not the size that they
// name.
func TestFragmentsNeedLittleMemory(t *testing.T) {
	_, fragments := longMessage(wire.MessageMax)
	var p partial
	for i, f := range fragments {
		came := (i + 1) * wire.FragmentMax
		if _, whole, _ := p.add(f); !whole && cap(p.body) > 3*came {
			t.Fatalf("after %d bytes: got memory for %d, want at most three times as much", came, cap(p.body))
		}
	}
}
