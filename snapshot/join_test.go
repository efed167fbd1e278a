package snapshot

import (
	"fmt"
	"testing"
)

// TestJoin tries every pair of halves over a few messages: the receiver recorded
// a … b, the sender c … d, and the cut needs received+1 … sent. The result must be
// right, or an error if a message is in neither half.
func TestJoin(t *testing.T) {
	const last = 4
	tried := 0
	for received := uint64(0); received <= last; received++ {
		for sent := received; sent <= last; sent++ {
			for _, in := range runs(last) {
				for _, out := range runs(last) {
					tried++
					tryJoin(t, received, sent, in, out)
				}
			}
		}
	}
	t.Logf("%d pairs of halves", tried)
}

// runs lists every run of consecutive messages of 1 … last, each in one batch and
// in batches of one message.
func runs(last uint64) [][]Batch {
	all := [][]Batch{nil}
	for first := uint64(1); first <= last; first++ {
		whole := Batch{First: first}
		var single []Batch
		for n := first; n <= last; n++ {
			text := fmt.Sprint("m", n)
			whole.Append([]byte(text))
			single = append(single, batch(n, text))
			all = append(all, []Batch{whole.Through(n)}, single[:len(single):len(single)])
		}
	}
	return all
}

func tryJoin(t *testing.T, received, sent uint64, in, out []Batch) {
	t.Helper()
	there := map[uint64]bool{}
	for _, half := range [][]Batch{in, out} {
		for _, b := range half {
			for seq := range b.All() {
				there[seq] = true
			}
		}
	}
	var want, wantErr string
	for seq := received + 1; seq <= sent; seq++ {
		if !there[seq] && wantErr == "" {
			wantErr = fmt.Sprintf("message %d is not recorded", seq)
		}
		want += fmt.Sprintf(" %d:m%d", seq, seq)
	}
	// The receiver's half comes first. A sender's half that lies before it and is
	// needed does not occur: an inbox begins at received+1.
	if wantErr == "" && len(in) > 0 && in[0].First > received+1 && in[0].First <= sent {
		wantErr = fmt.Sprintf("message %d is not recorded", received+1)
	}
	joined, err := Join(received, sent, in, out)
	got, gotErr := "", ""
	for _, b := range joined {
		got += " " + b.String()
	}
	if err != nil {
		gotErr = err.Error()
	} else if wantErr == "" && got != want {
		t.Errorf("received %d, sent %d, [%s] and [%s]: joined [%s], want [%s]", received, sent, renderBatches(in), renderBatches(out), got, want)
	}
	if (gotErr == "") != (wantErr == "") {
		t.Errorf("received %d, sent %d, [%s] and [%s]: error %q, want %q", received, sent, renderBatches(in), renderBatches(out), gotErr, wantErr)
	}
}

func TestJoinNamesWhatIsMissing(t *testing.T) {
	for _, test := range []struct {
		received, sent uint64
		in, out        []Batch
		err            string
	}{
		{2, 1, nil, nil, "received 2 messages of 1 sent"},
		{0, 1, nil, nil, "message 1 is not recorded"},
		{1, 5, []Batch{batch(2, "b")}, []Batch{batch(4, "d", "e")}, "message 3 is not recorded"},
		{1, 5, []Batch{batch(2, "b")}, []Batch{batch(3, "c", "d")}, "message 5 is not recorded"},
		{1, 3, []Batch{batch(3, "c")}, nil, "message 2 is not recorded"},
	} {
		if _, err := Join(test.received, test.sent, test.in, test.out); err == nil || err.Error() != test.err {
			t.Errorf("error %v, want %s", err, test.err)
		}
	}
}

func TestJoinDoesNotChangeTheHalves(t *testing.T) {
	in, out := []Batch{batch(1, "a", "b", "c")}, []Batch{batch(2, "b", "c", "d")}
	joined, err := Join(1, 4, in, out)
	if err != nil || renderBatches(joined) != "2:b 3:c 4:d" {
		t.Errorf("Join = [%s], %v, want [2:b 3:c 4:d]", renderBatches(joined), err)
	}
	if renderBatches(in) != "1:a 2:b 3:c" || renderBatches(out) != "2:b 3:c 4:d" {
		t.Errorf("the halves changed to [%s] and [%s], want [1:a 2:b 3:c] and [2:b 3:c 4:d]", renderBatches(in), renderBatches(out))
	}
}
