package channel

import (
	"fmt"
	"testing"

	"chandy/snapshot"
	"chandy/wire"
)

func TestMeet(t *testing.T) {
	p := Peer{Out: &Sender{Rule: Ahead}, In: &Receiver{Rule: Ahead, Window: 50}}
	p.Out.Send([]byte("early")) // before the first meeting, which keeps it
	want := func(i snapshot.Incarnation, meeting Meeting, lost Discarded, refused bool) {
		t.Helper()
		if got, want := p.Knows(i), meeting != Restarted; got != want {
			t.Errorf("Knows(%s) = %v, want %v", i, got, want)
		}
		got, discarded, err := p.Meet(i)
		if got != meeting || discarded != lost || (err != nil) != refused {
			t.Errorf("Meet(%s) = %v, %+v, %v, want %v, %+v, refused %v", i, got, discarded, err, meeting, lost, refused)
		}
	}
	want("a", First, Discarded{}, false)
	want("a", Same, Discarded{}, false)
	if got := p.Out.Waiting(); got != 1 {
		t.Errorf("%d messages wait after the first meeting, want 1", got)
	}
	use(t, &p)
	want("b", Restarted, Discarded{Outbox: 2, Inbox: 2}, false)
	checkReborn(t, &p)
	before := fmt.Sprintf("%+v", p)
	want("a", Same, Discarded{}, true)
	if after := fmt.Sprintf("%+v", p); after != before {
		t.Errorf("after a refused meeting the peer is %s, want %s", after, before)
	}
	use(t, &p)
	want("c", Restarted, Discarded{Outbox: 1, Inbox: 2}, false)
	want("a", Same, Discarded{}, true)
	want("b", Same, Discarded{}, true)
	want("c", Same, Discarded{}, false)
}

// use sends and writes one more message, and receives one of three that arrive.
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
		t.Errorf("after a reset the sender is %+v, want %+v", p.Out, out)
	}
	if string(appendReceiver(nil, p.In)) != string(appendReceiver(nil, in)) || p.In.Rule != in.Rule || p.In.Window != in.Window || p.In.duplicates != 0 {
		t.Errorf("after a reset the receiver is %+v, want %+v", p.In, in)
	}
}

// TestMeetOneWay meets a peer with a channel in one direction only, or without one.
func TestMeetOneWay(t *testing.T) {
	for _, p := range []Peer{{}, {Out: &Sender{}}, {In: &Receiver{}}} {
		p.Meet("a")
		if m, lost, err := p.Meet("b"); m != Restarted || lost != (Discarded{}) || err != nil {
			t.Errorf("Meet = %v, %+v, %v, want %v and nothing discarded", m, lost, err, Restarted)
		}
	}
}

// TestMeetMany checks that the last deadMax incarnations are refused.
func TestMeetMany(t *testing.T) {
	var p Peer
	name := func(i int) snapshot.Incarnation { return snapshot.Incarnation(fmt.Sprint(i)) }
	for i := range deadMax + 3 {
		p.Meet(name(i))
	}
	if len(p.dead) != deadMax {
		t.Errorf("%d replaced incarnations are held, want %d", len(p.dead), deadMax)
	}
	for i := 2; i < deadMax+2; i++ {
		if _, _, err := p.Meet(name(i)); err == nil {
			t.Errorf("incarnation %d of %d is accepted, want it refused", i, deadMax+3)
		}
	}
}
