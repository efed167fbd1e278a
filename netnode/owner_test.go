package netnode_test

import (
	"fmt"
	"maps"
	"runtime"
	"testing"
	"testing/synctest"

	"chandy/internal/clustertest"
	"chandy/wire"
)

// Once a connection has ended, nothing counts it: not the host, not the core, and not the
// sessions of clients. That is so in whatever order its hello, its end at the peer and its
// end at the node come, and also if they come between two steps.
func TestVirtualEndsInAllOrders(t *testing.T) {
	hello := wire.Hello{
		Role: wire.RoleControl, VersionMin: 1, VersionMax: 1, Cluster: "test", To: "p1",
	}
	other, channel, assembly := hello, hello, hello
	other.Cluster = "other"
	channel.Role, channel.Epoch, channel.From, channel.Incarnation = wire.RoleChannel, 1, "p2", "i"
	assembly.Role, assembly.Epoch, assembly.From, assembly.Incarnation = wire.RoleAssembly, 1, "p2", "i"
	takeover := channel
	takeover.Incarnation = "j"
	hellos := map[string]*wire.Hello{"control": &hello, "refused": &other, "channel": &channel, "assembly": &assembly, "takeover": &takeover}
	clustertest.Virtual(t, bankFile(2, "transfers_per_second = 0\n"), banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start("p1")
		synctest.Wait()
		channel.ConfigHash, assembly.ConfigHash, takeover.ConfigHash = c.Config.Hash(), c.Config.Hash(), c.Config.Hash()
		held := counted(c)
		for _, name := range []string{"control", "refused", "channel", "assembly", "takeover"} {
			for _, order := range []string{"hello peer node", "hello node peer", "peer hello node", "peer node hello", "node hello peer", "node peer hello"} {
				for _, oneStep := range []bool{false, true} {
					for range 16 { // a reader that finds two reasons to go on chooses one at random
						end(t, c, *hellos[name], order, oneStep)
						synctest.Wait()
						all, early := c.Node("p1").Conns()
						if now := counted(c); all != 0 || early != 0 || !maps.Equal(now, held) {
							t.Fatalf("%s, %s, in one step %v: got %d connections, %d of them early, and in the core %v; want 0, 0 and %v",
								name, order, oneStep, all, early, now, held)
						}
					}
				}
			}
		}
	})
}

// end opens a connection to p1 and makes a hello, its end at the peer and its end at the
// node happen in an order: one after another, or all between two steps.
func end(t *testing.T, c *clustertest.Cluster, hello wire.Hello, order string, oneStep bool) {
	t.Helper()
	n := c.Node("p1")
	socket, err := c.Network("stranger").Dial(t.Context(), c.Address("p1"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	go func() { // the node's frames
		for b := make([]byte, 1<<10); err == nil; _, err = socket.Read(b) {
		}
	}()
	synctest.Wait()
	var names [3]string
	fmt.Sscan(order, &names[0], &names[1], &names[2])
	run := func(then func()) {
		for _, name := range names {
			switch name {
			case "hello":
				socket.Write(wire.Append(nil, hello)) // fails after an end
			case "peer":
				socket.Close()
			case "node":
				n.CloseConns()
			}
			then()
		}
	}
	if !oneStep {
		run(synctest.Wait)
		return
	}
	n.OnLoop(func() {
		run(func() {
			if name := names[0]; name == "hello" {
				for i, early := 0, 1; early > 0 && i < 1e6; i++ { // until the hello is read
					runtime.Gosched()
					_, early = n.Conns()
				}
			}
		})
	})
}

// counted returns how many connections and sessions the core of p1 counts.
func counted(c *clustertest.Cluster) map[string]int {
	counts := map[string]int{}
	c.Node("p1").Holdings(func(held map[string]int) {
		counts["conns"], counts["sessions"] = held["conns"], held["sessions"]
	})
	return counts
}
