package saved

import (
	"fmt"
	"slices"
	"testing"
)

func TestEachChangedByteAndEachTruncationOfARecordIsFound(t *testing.T) {
	m, _, _ := testSnapshot(t, testID)
	sealed := Seal(m)
	body := len(sealHead) + hashLen + len(sealInner)
	for i, was := range sealed {
		for b := range 256 {
			if changed := byte(b) ^ was; changed == 0 || i >= body && i < len(sealed)-len(sealEnd) && changed&(changed-1) != 0 {
				continue // in the record, which the hash covers, one bit at a time
			}
			sealed[i] = byte(b)
			if err := Open(sealed, new(Manifest)); !isCorrupt(err) {
				t.Fatalf("byte %d was %q and is %q: got %v, want a CorruptError", i, was, byte(b), err)
			}
		}
		sealed[i] = was
		if err := Open(sealed[:i], new(Manifest)); !isCorrupt(err) {
			t.Fatalf("the first %d of %d bytes: got %v, want a CorruptError", i, len(sealed), err)
		}
	}
	if err := Open(append(slices.Clone(sealed), '\n'), new(Manifest)); !isCorrupt(err) {
		t.Errorf("a line feed more: got %v, want a CorruptError", err)
	}
	var got Manifest
	if err := Open(sealed, &got); err != nil || string(Seal(&got)) != string(sealed) {
		t.Errorf("sealed again: got %v and\n%s, want\n%s", err, Seal(&got), sealed)
	}
}

func TestARecordOfAnotherFormatIsRefused(t *testing.T) {
	err := Open(Seal(&Fate{ID: "a", Sequence: 1}), new(Taken))
	if want := `corrupt: the format is "chandy/fate.v1", not "chandy/taken.v1"`; fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
