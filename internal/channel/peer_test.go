package channel

import (
	"fmt"
	"testing"

	"chandy/snapshot"
	"chandy/wire"
)

func TestMeet(t *testing.T) {
	p := Peer{Out: &Sender{Rule: Ahead}, In: &Receiver{Rule: Ahead, Window: 50}}
	p.Out.Send([]byte("early")) // before the peer was ever heard of: stays
	want := func(i snapshot.Incarnation, meeting Meeting, lost Discarded, refused bool) {
		t.Helper()
		if p.Knows(i) != (meeting != Restarted) {
			t.Errorf("%s: knows it: %v", i, p.Knows(i))
		}
		got, discarded, err := p.Meet(i)
		if got != meeting || discarded != lost || (err != nil) != refused {
			t.Errorf("meet %s: %v, %+v, %v", i, got, discarded, err)
		}
	}
	want("a", First, Discarded{}, false)
	want("a", Same, Discarded{}, false)
	if p.Out.Waiting() != 1 {
		t.Error("the first meeting reset the channel")
	}
	use(t, &p)
	want("b", Restarted, Discarded{Outbox: 2, Inbox: 2}, false)
	checkReborn(t, &p)
	before := fmt.Sprintf("%+v", p)
	want("a", Same, Discarded{}, true)
	if after := fmt.Sprintf("%+v", p); after != before {
		t.Error("what was refused changed something")
	}
	use(t, &p)
	want("c", Restarted, Discarded{Outbox: 1, Inbox: 2}, false)
	want("a", Same, Discarded{}, true)
	want("b", Same, Discarded{}, true)
	want("c", Same, Discarded{}, false)
}

// use brings both channels somewhere: one more message sent and written, one of
// three received.
func use(t *testing.T, p *Peer) {
	t.Helper()
	if err := p.Out.Resume(wire.Position{Credit: 100}); err != nil {
		t.Fatal(err)
	}
	p.Out.Send([]byte("x"))
	p.Out.Mark(snapshot.Marker{Sent: p.Out.Sent()})
	drain(p.Out)
	p.In.Acknowledge()
	if _, err := p.In.Marker(Marker{snapshot.Marker{Sent: 3}, 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.In.Data(messages(1, 3, 1)); err != nil {
		t.Fatal(err)
	}
	p.In.Receive()
}

// checkReborn checks that both halves are as new, apart from their settings.
func checkReborn(t *testing.T, p *Peer) {
	t.Helper()
	out, in := &Sender{Rule: Ahead}, &Receiver{Rule: Ahead, Window: 50}
	if string(appendSender(nil, p.Out)) != string(appendSender(nil, out)) || p.Out.Rule != out.Rule {
		t.Errorf("after a reset the sender is %+v", p.Out)
	}
	if string(appendReceiver(nil, p.In)) != string(appendReceiver(nil, in)) || p.In.Rule != in.Rule || p.In.Window != in.Window || p.In.duplicates != 0 {
		t.Errorf("after a reset the receiver is %+v", p.In)
	}
}

// A process may have a channel in one direction only, or none.
func TestMeetOneWay(t *testing.T) {
	for _, p := range []Peer{{}, {Out: &Sender{}}, {In: &Receiver{}}} {
		p.Meet("a")
		if m, lost, err := p.Meet("b"); m != Restarted || lost != (Discarded{}) || err != nil {
			t.Errorf("%v, %+v, %v", m, lost, err)
		}
	}
}

// The last deadMax incarnations are refused, older ones forgotten.
func TestMeetMany(t *testing.T) {
	var p Peer
	name := func(i int) snapshot.Incarnation { return snapshot.Incarnation(fmt.Sprint(i)) }
	for i := range deadMax + 3 {
		p.Meet(name(i))
	}
	if len(p.dead) != deadMax {
		t.Errorf("%d dead ones are remembered", len(p.dead))
	}
	for i := 2; i < deadMax+2; i++ {
		if _, _, err := p.Meet(name(i)); err == nil {
			t.Errorf("incarnation %d of %d is taken", i, deadMax+3)
		}
	}
}
