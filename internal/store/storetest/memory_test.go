package storetest_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"testing"

	"chandy/internal/store/storetest"
)

func TestACrashLosesOnlyWhatNobodyHasSeen(t *testing.T) {
	for moment, want := range map[storetest.Moment][3]bool{ // seen at once, after a loss, after a look and a loss
		storetest.Before:  {false, false, false},
		storetest.Visible: {true, false, true},
		storetest.After:   {true, true, true},
	} {
		for kind, change := range map[string]func(o *storetest.Objects) error{
			"create": func(o *storetest.Objects) error { return o.Create("a/b", []byte("x")) },
			"put": func(o *storetest.Objects) error {
				return o.Put("a/b", func(w io.Writer) error {
					_, err := io.WriteString(w, "x")
					return err
				})
			},
			"delete": func(o *storetest.Objects) error { return o.Delete("a/b") },
		} {
			m := new(storetest.Memory)
			if kind == "delete" {
				m.Set("a/b", []byte("x"))
			}
			o := m.Open(func(op storetest.Operation) *storetest.Fault {
				if op.Kind != kind {
					return nil
				}
				return &storetest.Fault{Moment: moment, Err: storetest.ErrCrashed}
			})
			if err := change(o); !errors.Is(err, storetest.ErrCrashed) {
				t.Errorf("%s: got %v, want %v", kind, err, storetest.ErrCrashed)
			}
			changed := func(m *storetest.Memory) bool { return (m.Content("a/b") != nil) == (kind != "delete") }
			lost, looked := m.Clone(), m.Clone()
			lost.Lose()
			if _, err := looked.Open(nil).Get("a/b"); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			looked.Lose()
			if got := [3]bool{changed(m), changed(lost), changed(looked)}; got != want {
				t.Errorf("%s that fails at moment %d: got %v, want %v", kind, moment, got, want)
			}
		}
	}
}

func TestANodeThatCrashedDoesNothing(t *testing.T) {
	m := new(storetest.Memory)
	o := m.Open(storetest.CrashAt(2, storetest.After))
	for n, want := range []error{nil, storetest.ErrCrashed, storetest.ErrCrashed} {
		if err := o.Create(fmt.Sprint("a", n), nil); !errors.Is(err, want) {
			t.Errorf("operation %d: got %v, want %v", n+1, err, want)
		}
	}
	if got, want := fmt.Sprint(m.Names()), "[a0 a1]"; got != want || o.Operations() != 3 {
		t.Errorf("got the objects %s after %d operations, want %s after 3", got, o.Operations(), want)
	}
}
