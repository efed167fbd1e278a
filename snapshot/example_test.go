package snapshot_test

import (
	"fmt"
	"time"

	"chandy/snapshot"
)

// p2 is the side of process p2 in the cluster p1->p2->p3. It has sent four messages to
// p3, and received two of the three that arrived from p1.
type p2 struct{}

func (p2) Sent(int) uint64                       { return 4 }
func (p2) Outbox(int) (uint64, []snapshot.Batch) { return 4, nil }
func (p2) Received(int) uint64                   { return 2 }
func (p2) Inbox(int) []snapshot.Batch {
	inbox := snapshot.Batch{First: 3}
	inbox.Append([]byte(`"tea"`))
	return []snapshot.Batch{inbox}
}
func (p2) PeerOut(int) (snapshot.Incarnation, []snapshot.Reset) { return "p3-1", nil }
func (p2) PeerIn(int) (snapshot.Incarnation, []snapshot.Reset)  { return "p1-1", nil }

// A marker makes a process record its state. The Recorder returns effects, which the
// caller must carry out in order: here it would send the marker and the three reports.
func ExampleRecorder() {
	topology := snapshot.NewTopology(
		[]snapshot.ProcessID{"p1", "p2", "p3"},
		[]snapshot.Channel{{From: "p1", To: "p2"}, {From: "p2", To: "p3"}},
	)
	recorder := snapshot.NewRecorder("p2", "p2-1", topology, p2{}, 16)
	show := func(effects []snapshot.Effect) {
		for _, e := range effects {
			fmt.Println(" ", e)
		}
	}

	fmt.Println("marker from p1:")
	show(recorder.MarkerReceived("p1", snapshot.Marker{
		Start: snapshot.Start{ID: "s1", Assembler: "p1", Deadline: time.Second, Timeout: time.Second},
		Sent:  3, Acked: 3,
	}))
	fmt.Println("state:")
	show(recorder.StateRecorded(snapshot.State{Bytes: []byte(`{"balance":40}`)}))
	// Output:
	// marker from p1:
	//   capture
	// state:
	//   send marker of s1 after message 4 to p3
	//   report to p1 for s1: p2 recorded state {"balance":40}, sent [p3:4], received [p1:2]
	//   report to p1 for s1: p2 closed outgoing p2->p3 []
	//   report to p1 for s1: p2 closed incoming p1->p2 [3:"tea"], last
}

// In a line p1->p2->p3 no marker of p2 reaches p1, so a snapshot that starts at p2 needs
// a second initiator.
func ExampleTopology() {
	topology := snapshot.NewTopology(
		[]snapshot.ProcessID{"p1", "p2", "p3"},
		[]snapshot.Channel{{From: "p1", To: "p2"}, {From: "p2", To: "p3"}},
	)
	fmt.Println(topology.Out("p1"), topology.In("p3"))
	fmt.Println(topology.Unreached("p2"))
	fmt.Println(topology.Initiators("p2"))
	// Output:
	// [p2] [p2]
	// [p1]
	// [p2 p1]
}
