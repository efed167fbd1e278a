package try

import (
	"strings"
	"testing"
)

func TestASecondInitOkOfAPeerIsNoAnswerToTopology(t *testing.T) {
	tr := trial{Options: options(t, "inits-twice exits"), ctx: t.Context(), services: map[string]bool{}}
	tr.Nodes = 2
	tr.defaults()
	k, err := tr.begin("init")
	if err != nil || tr.topology != topologyNone {
		t.Fatalf("got error %v and topology %q, want a child that is started again with topology %q", err, tr.topology, topologyNone)
	}
	k.close()
}

// A child receives nothing but the request for its state until it has answered it.
func TestAMessageOfAPeerWaitsForTheStateOfAChild(t *testing.T) {
	tr := trial{Options: options(t, "good"), ctx: t.Context(), services: map[string]bool{}}
	tr.defaults()
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
