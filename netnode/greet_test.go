package netnode

import (
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chandy/internal/cert"
	"chandy/snapshot"
)

// staysOpen is a connection that is not closed before its handshake is over.
type staysOpen struct{ net.Conn }

func (staysOpen) Close() error { return nil }

// A node may stop, and so close its connections, while a handshake goes on. The race detector
// must find nothing.
func TestTLSBeginsWhileTheNodeStops(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	plan := cert.Plan{Cluster: "test", Now: time.Now(), Validity: time.Hour, CAlasts: time.Hour, Processes: []snapshot.ProcessID{"p1"}}
	if _, err := cert.Create(dir, plan); err != nil {
		t.Fatal(err)
	}
	source, err := cert.NewSource(cert.Paths{CA: dir + "/ca.crt", Cert: dir + "/process/p1.crt", Key: dir + "/process/p1.key"}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	n := &Node{security: &security{source, "test"}}
	here, there := pipeEnds(t)
	dialler, listener := newConn(n, 1, staysOpen{here}), newConn(n, -1, staysOpen{there})
	var begun atomic.Bool
	var work sync.WaitGroup
	work.Go(func() {
		for !begun.Load() {
			dialler.close(true)
			listener.close(true)
		}
	})
	work.Go(func() { listener.greet(time.Now().Add(10 * time.Second)) })
	if err := dialler.secureDialled("p1"); err != nil {
		t.Error(err)
	}
	here.Close() // greet waits for the hello
	begun.Store(true)
	work.Wait()
}
