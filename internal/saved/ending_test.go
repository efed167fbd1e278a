package saved

import "testing"

func TestAnEndingNamesWhatTheProgramMayHaveHandled(t *testing.T) {
	first, second, client := Handled{From: "p1", Seq: 119}, Handled{From: "p3", Seq: 7, InBase: true}, Handled{From: "c4"}
	for _, test := range []struct {
		afterMS    int64
		handling   []Handled
		text, skip string
	}{
		{400, nil, "p2 ends 0.4 s after the restore", ""},
		{99, nil, "p2 ends 99 ms after the restore", ""},
		{400, []Handled{first}, "p2 ends 0.4 s after the restore, while it handles p1->p2#119", ""},
		{400, []Handled{first, second}, "p2 ends 0.4 s after the restore, while it handles p1->p2#119 or p3->p2#7", "p3->p2#7"},
		{400, []Handled{client, second}, "p2 ends 0.4 s after the restore, while it handles a request of client c4 or p3->p2#7", ""},
		{400, []Handled{first, client, second}, "p2 ends 0.4 s after the restore, while it handles p1->p2#119, a request of client c4 or p3->p2#7", ""},
		{400, []Handled{second, first, first, client}, "p2 ends 0.4 s after the restore, while it handles p3->p2#7 or one of 3 later ones", "p3->p2#7"},
	} {
		e := Ending{Epoch: 2, By: Node{Process: "p2"}, AfterMS: test.afterMS, Handling: test.handling}
		if e.String() != test.text || e.Skip() != test.skip {
			t.Errorf("%+v:\n got %q, skip %q\nwant %q, skip %q", e, e.String(), e.Skip(), test.text, test.skip)
		}
	}
}
