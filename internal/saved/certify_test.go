package saved

import (
	"strings"
	"testing"
)

func TestTheCertificateNamesEachFault(t *testing.T) {
	for _, c := range []struct {
		change func(s []Summary)
		want   string
	}{
		{func(s []Summary) { s[0].Out[1].Incarnation = "i9" }, `p1->p2: p1 counted with incarnation "i9" of p2, which was "i2"`},
		{func(s []Summary) { s[1].In[0].Incarnation = "i9" }, `p1->p2: p2 counted with incarnation "i9" of p1, which was "i1"`},
		{func(s []Summary) { s[1].In[0].Sent = 7 }, "p1->p2: the marker had 7 messages sent, the part of p1 has 6"},
		{func(s []Summary) { s[0].In[1].After, s[0].In[1].Through = 10, 10 }, "p2->p1: received 10 messages of 9 sent"},
		{func(s []Summary) { s[1].In[0].Through = 3 }, "p1->p2: message 4 is in no part"},
		{func(s []Summary) { s[0].Out[1].After = 5; s[1].In[0].Through = 4 }, "p1->p2: message 5 is in no part"},
		{func(s []Summary) { s[1].In[0].Through = 7 }, "p1->p2: the parts hold messages that are not in the cut, or lack some: 5 … 6 at p1, 4 … 7 at p2"},
		{func(s []Summary) { s[0].Out[1].Through = 5 }, "p1->p2: the parts hold messages that are not in the cut, or lack some: 5 … 5 at p1, 4 … 5 at p2"},
		{func(s []Summary) { s[0].Process = "p7" }, "p7: a part too many"},
		{func(s []Summary) { s[1].Process = "p1" }, "p1: a part too many"},
		{func(s []Summary) { s[0].In = s[0].In[:1] }, "p2->p1: a part has no record of it"},
		{func(s []Summary) { s[1].Out = append(s[1].Out, Half{Peer: "p2"}) }, "the parts have 1 ends of channels too many"},
	} {
		_, _, summaries := testSnapshot(t, testID)
		c.change(summaries)
		if _, faults := Certify(testTopology, summaries); len(faults) == 0 || faults[0].Error() != c.want {
			t.Errorf("got %v, want %s", faults, c.want)
		}
	}
	m, _, summaries := testSnapshot(t, testID)
	if faults := Verify(m, summaries[:1]); len(faults) != 1 || faults[0].Error() != "p2: no part" {
		t.Errorf("got %v, want p2: no part", faults)
	}
	m.Channels[1].Bytes++
	if faults := Verify(m, summaries); len(faults) != 1 || !strings.HasPrefix(faults[0].Error(), "p1->p2: the manifest has") {
		t.Errorf("got %v, want a fault of p1->p2", faults)
	}
	m.Channels[1].Bytes--
	m.Processes[0].Part.SHA256 = Hash([]byte("x"))
	if faults := Verify(m, summaries); len(faults) != 1 || !strings.HasPrefix(faults[0].Error(), "p1: the manifest has another part") {
		t.Errorf("got %v, want a fault of p1", faults)
	}
}
