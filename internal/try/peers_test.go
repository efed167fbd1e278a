package try

import (
	"strings"
	"testing"
	"time"
)

// newTrial returns a trial of n children.
func newTrial(t *testing.T, ways string, n int) *trial {
	tr := &trial{Options: options(t, ways), ctx: t.Context(), services: map[string]bool{}}
	tr.Nodes = n
	tr.defaults()
	return tr
}

func TestASecondInitOkOfAPeerIsNoAnswerToTopology(t *testing.T) {
	tr := newTrial(t, "inits-twice exits", 2)
	k, err := tr.begin("init")
	if err != nil || tr.topology != topologyNone {
		t.Fatalf("got error %v and topology %q, want a child that is started again with topology %q", err, tr.topology, topologyNone)
	}
	k.close()
}

func TestAMessageOfAPeerWaitsForTheInitOfAChild(t *testing.T) {
	tr := newTrial(t, "strict", 1)
	k, err := tr.start("init")
	if err != nil {
		t.Fatal(err)
	}
	defer k.close()
	early := k.request(`{"type":"bump"}`)
	k.pass(self, early.line)
	if err := k.introduce("init"); err != nil {
		t.Fatalf("got error %v, want init before the message", err)
	}
	if _, err := k.await(early.client, early.id); err != nil {
		t.Errorf("after init: got error %v, want the reply to the message that waited", err)
	}
}

// The first child must be ready before the others are.
func TestAPeerMayAskTheFirstChildBeforeItAnswersInit(t *testing.T) {
	tr := newTrial(t, "strict asks-n0-first", 3)
	tr.Limit = short
	k, err := tr.begin("init")
	if err != nil {
		t.Fatalf("got error %v, want children that are ready", err)
	}
	k.close()
}

// A child receives nothing but the request for its state until it has answered it.
func TestAMessageOfAPeerWaitsForTheStateOfAChild(t *testing.T) {
	tr := newTrial(t, "good", 1)
	k, err := tr.begin("state")
	if err != nil {
		t.Fatal(err)
	}
	defer k.close()
	k.capture(true)
	early := k.request(`{"type":"broadcast","message":7}`)
	k.pass(self, early.line)
	reply, err := k.ask(`{"type":"snapshot"}`)
	if err != nil || !strings.Contains(string(reply.Body), `"seen":[]`) {
		t.Errorf("during the capture: got %s (error: %v), want no message in the state", reply.Body, err)
	}
	k.capture(false)
	if _, err := k.await(early.client, early.id); err != nil {
		t.Errorf("after the capture: got error %v, want the reply to the message that waited", err)
	}
}

// Only a last request before a silence shows that a child waits for another process.
func TestOnlyALastRequestBeforeASilenceIsWaitedFor(t *testing.T) {
	const gossip, ask = `{"src":"n0","dest":"n1","body":{"type":"gossip"}}`, `{"src":"n0","dest":"n1","body":{"type":"ask","msg_id":0}}`
	const reply = `{"src":"n0","dest":"n1","body":{"type":"told","msg_id":7,"in_reply_to":1}}`
	middle := time.Now()
	early, late := middle.Add(-time.Second), middle.Add(time.Second)
	for _, test := range []struct {
		what  string
		lines []kept
		want  string
	}{
		{"nothing", nil, ""},
		{"a request", []kept{{gossip, early}, {ask, early}}, "n1"},
		{"gossip after a request", []kept{{ask, early}, {gossip, early}}, ""},
		{"a reply", []kept{{reply, early}}, ""},
		{"requests on a timer", []kept{{ask, early}, {ask, late}}, ""},
	} {
		if got := waitsAtLast(test.lines, middle); got != test.want {
			t.Errorf("%s: got %q, want %q", test.what, got, test.want)
		}
	}
}
