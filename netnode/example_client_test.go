package netnode_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"strconv"
	"sync"
	"time"

	"chandy/netnode"
	"chandy/program"
	"chandy/snapshot"
)

// account is a program that pays 1 to every peer each millisecond, while it has money.
type account struct {
	process program.Process
	balance int
}

func (a *account) Start(p program.Process) {
	a.process = p
	a.pay()
}

func (a *account) pay() {
	for _, peer := range a.process.Channels() {
		if a.balance > 0 {
			a.balance--
			a.process.Send(peer, []byte("1"))
		}
	}
	a.process.After(time.Millisecond, a.pay)
}

func (a *account) Receive(_ snapshot.ProcessID, payload []byte) {
	a.balance += number(payload)
}

func (a *account) Capture(done func(program.State)) {
	done(program.State{Bytes: strconv.AppendInt(nil, int64(a.balance), 10)})
}

func (a *account) Restore(state []byte, done func(error)) {
	var err error
	a.balance, err = strconv.Atoi(string(state))
	done(err)
}

func number(text []byte) int {
	n, _ := strconv.Atoi(string(text))
	return n
}

// The accounts pay each other all the time. A snapshot still finds all the money: in the
// local states, and in the messages in flight.
func ExampleClient_Initiate() {
	cluster, err := netnode.NewCluster(netnode.ClusterConfig{
		Name: "bank",
		Processes: []netnode.ProcessConfig{
			{ID: "p1", Address: "127.0.0.1:7101"},
			{ID: "p2", Address: "127.0.0.1:7102"},
		},
		// The emulated transit time keeps messages in flight.
		Network: netnode.NetworkConfig{Delay: 5 * time.Millisecond},
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	network := &netnode.Loopback{}
	var running sync.WaitGroup
	for _, p := range cluster.Processes {
		node, err := netnode.New(netnode.Options{Cluster: cluster, ID: p.ID, Program: &account{balance: 100}, Network: network})
		if err != nil {
			log.Fatal(err)
		}
		running.Go(func() { node.Run(ctx) })
	}

	client, err := netnode.DialClient(ctx, cluster, "p1", network)
	if err != nil {
		log.Fatal(err)
	}
	if err := client.AwaitUp(ctx); err != nil {
		log.Fatal(err)
	}
	var document bytes.Buffer
	end, err := client.Initiate(ctx, nil, 10*time.Second, false, &document, nil)
	if err != nil {
		log.Fatal(err)
	}
	client.Close()
	stop()
	running.Wait()

	global, err := snapshot.Decode(document.Bytes())
	if err != nil {
		log.Fatal(err)
	}
	total := 0
	for _, p := range global.Processes {
		total += number(p.State.Bytes)
	}
	for _, c := range global.Channels {
		for _, batch := range c.Messages {
			for _, payload := range batch.All() {
				total += number(payload)
			}
		}
	}
	fmt.Println(end.Status, total)
	// Output: complete 200
}
