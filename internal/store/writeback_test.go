package store_test

import (
	"bytes"
	"io"
	"testing"

	"chandy/internal/store"
)

func TestALargeObjectIsAsWritten(t *testing.T) {
	o := store.Folder(t.TempDir())
	must(t, o.Create("chandy-store", nil))
	want := make([]byte, 2*store.WritebackEach+1000)
	for i := range want {
		want[i] = byte(i + i>>8 + i>>16)
	}
	must(t, o.Put("parts/p1", func(w io.Writer) error {
		_, err := w.Write(want)
		return err
	}))
	r, err := o.Get("parts/p1")
	must(t, err)
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %v and %d bytes, want the %d bytes that were written", err, len(got), len(want))
	}
}
