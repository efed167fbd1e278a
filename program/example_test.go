package program_test

import (
	"encoding/json"
	"fmt"

	"chandy/program"
	"chandy/snapshot"
)

// votes is a program: each process counts the votes that others send to it, and answers
// a request of a client with the result.
type votes struct {
	process program.Process
	Count   map[string]int `json:"count"`
}

func (v *votes) Start(p program.Process) {
	v.process = p
	if v.Count == nil { // not restored
		v.Count = map[string]int{}
	}
}

func (v *votes) Receive(from snapshot.ProcessID, payload []byte) {
	if from.IsClient() {
		reply, _ := json.Marshal(v.Count)
		v.process.Send(from, reply)
		return
	}
	v.Count[string(payload)]++
}

// Capture encodes the state at once. A program with a large state sets State.Encode.
func (v *votes) Capture(done func(program.State)) {
	state, err := json.Marshal(v)
	if err != nil {
		done(program.State{Error: err.Error()})
		return
	}
	done(program.State{Bytes: state})
}

func (v *votes) Restore(state []byte, done func(error)) { done(json.Unmarshal(state, v)) }

// recorder is the process of a test: it prints what the program sends.
type recorder struct{ program.Process }

func (recorder) Send(to snapshot.ProcessID, payload []byte) error {
	fmt.Printf("sent to %s: %s\n", to, payload)
	return nil
}

// A program needs no node in a test. Package netnode runs it in a cluster.
func Example() {
	v := &votes{}
	v.Start(recorder{})
	v.Receive("p2", []byte("tea"))
	v.Receive("p3", []byte("coffee"))
	v.Receive("p2", []byte("tea"))

	var captured []byte
	v.Capture(func(s program.State) { captured = s.Bytes })
	fmt.Printf("state: %s\n", captured)

	restored := &votes{}
	restored.Restore(captured, func(err error) { fmt.Println("restored:", err) })
	restored.Start(recorder{})
	restored.Receive("c1", []byte(`{"type":"result"}`))
	// Output:
	// state: {"count":{"coffee":1,"tea":2}}
	// restored: <nil>
	// sent to c1: {"coffee":1,"tea":2}
}

// The id of a client says to which process it is connected.
func ExampleClientID() {
	processes := []snapshot.ProcessID{"p1", "p2", "p3"}
	first := program.ClientID(processes, "p2", 0)
	second := program.ClientID(processes, "p2", 1)
	at, _ := program.ClientOf(processes, second)
	fmt.Println(first, second, at)
	// Output: c2 c5 p2
}
