package try

import (
	"strings"
	"testing"
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
	if from := k.capture(false); from != string(early.client) {
		t.Errorf("the sender of the first line that waited: got %q, want %s", from, early.client)
	}
	if _, err := k.await(early.client, early.id); err != nil {
		t.Errorf("after the capture: got error %v, want the reply to the message that waited", err)
	}
}
