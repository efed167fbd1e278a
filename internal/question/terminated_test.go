package question

import "testing"

func TestTerminatedNeedsIdleProcessesAndEmptyChannels(t *testing.T) {
	const idle, busy, silent = `"state":{},"idle":true`, `"state":{},"idle":false`, `"state":{}`
	for _, c := range []struct {
		name     string
		of       parts
		channels []string
		want     string
	}{
		{"all idle and empty", parts{"p1": idle, "p2": idle}, []string{"p1->p2", "p2->p1"}, "yes"},
		{"one process alone", parts{"p1": idle}, nil, "yes"},
		{"a message in flight", parts{"p1": idle, "p2": idle}, []string{"p1->p2 1"}, "no: message 6 on p1->p2"},
		{"messages to itself", parts{"p1": idle}, []string{"p1->p1 1 2"}, "no: messages 6 to 7 on p1->p1"},
		{"a busy process", parts{"p1": idle, "p2": busy}, []string{"p1->p2"}, "no: p2 is not idle"},
		{"nobody says", parts{"p1": silent, "p2": silent}, nil, "cannot tell: p1, p2 did not say whether it is idle"},
		{"one does not say", parts{"p1": idle, "p2": silent}, nil, "cannot tell: p2 did not say whether it is idle"},
		{"one does not say, another is busy", parts{"p1": silent, "p2": busy}, nil, "no: p2 is not idle"},
		{"asleep is not idle", parts{"p1": silent + `,"settled":"idle","printed_before_reply":0,"unanswered":0`}, nil,
			"cannot tell: p1 did not say whether it is idle"},
		{"no state, but idle", parts{"p1": `"state":null,"state_error":"none","idle":true`}, nil, "yes"},
		{"partial", parts{"p1": idle, "p2": "missing"}, nil, "cannot tell: the snapshot is partial: p2: unreachable"},
		{"partial with an unknown channel", parts{"p1": idle, "p2": "missing"}, []string{"p2->p1 ?"},
			"cannot tell: the snapshot is partial: p2: unreachable"},
		{"partial, but busy", parts{"p1": busy, "p2": "missing"}, nil, "no: p1 is not idle"},
		{"partial, but in flight", parts{"p1": idle, "p2": "missing", "p3": idle}, []string{"p1->p3 1"}, "no: message 6 on p1->p3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantAnswer(t, Terminated(global(t, c.of, c.channels...)), c.want)
		})
	}
}

func TestZeroVerdictIsUnknown(t *testing.T) {
	if got := (Answer{}).Verdict; got != Unknown {
		t.Errorf("got %v, want %v", got, Unknown)
	}
}
