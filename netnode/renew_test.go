package netnode_test

import (
	"context"
	"crypto/tls"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"chandy/internal/cert"
	"chandy/internal/clustertest"
	"chandy/netnode"
	"chandy/wire"
)

// served returns the serial number of the certificate that a node shows.
func served(t *testing.T, c *clustertest.Cluster) *big.Int {
	t.Helper()
	socket, err := c.Network("stranger").Dial(t.Context(), c.Address("p1"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	var serial *big.Int
	tls.Client(socket, &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(s tls.ConnectionState) error {
		serial = s.PeerCertificates[0].SerialNumber
		return nil
	}}).Handshake() // fails: the node wants a certificate too
	return serial
}

// A certificate that is replaced under load serves the next handshake, and no connection
// ends.
func TestVirtualCertificateIsReplaced(t *testing.T) {
	table, dir := clustertest.TLS(t, wire.ClientSnapshot, "p1", "p2")
	clustertest.Virtual(t, bankFile(2, "transfers_per_second = 100\n"+table), banks, func(t *testing.T, c *clustertest.Cluster) {
		c.Start()
		c.Up()
		old := served(t, c)
		clustertest.Certify(t, dir, cert.Plan{Cluster: "test", Now: time.Now(), Validity: 1000 * time.Hour, Renew: true}, "p1", "p2")
		time.Sleep(cert.LookEvery - time.Second)
		if got := served(t, c); got.Cmp(old) != 0 {
			t.Errorf("before the node looks: got the certificate %v, want %v", got, old)
		}
		time.Sleep(2 * time.Second)
		if got := served(t, c); got.Cmp(old) == 0 {
			t.Errorf("got the certificate %v, want the new one", got)
		}
		for _, id := range c.Config.IDs() {
			s := c.Status(id)
			if out, in := s.Outgoing[0], s.Incoming[0]; !s.Up() || out.Reconnects+in.Reconnects != 0 {
				t.Errorf("%s: got up %t, %d and %d reconnects, want up without any", id, s.Up(), out.Reconnects, in.Reconnects)
			}
			if left := time.Duration(s.Certificate.LeftMS) * time.Millisecond; left > 1000*time.Hour {
				t.Errorf("%s: got %v left, want at most 1000h", id, left)
			}
		}
		if s := c.Complete("p1"); sum(s) != 2000 {
			t.Errorf("got sum %d, want 2000", sum(s))
		}
	})
}

// A CA that comes after the last look is read when a peer needs it.
func TestVirtualNewCAIsReadBeforeARefusal(t *testing.T) {
	table, dir := clustertest.TLS(t, wire.ClientSnapshot, "p1")
	other := t.TempDir()
	clustertest.Virtual(t, bankFile(1, table), banks, func(t *testing.T, c *clustertest.Cluster) {
		clustertest.Certify(t, other, cert.Plan{Cluster: "test", Now: time.Now(), Validity: time.Hour}, "p1")
		t.Setenv("CHANDY_CERT", other+"/client/status.crt")
		t.Setenv("CHANDY_KEY", other+"/client/status.key")
		c.Start()
		time.Sleep(2 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // in memory an alert can be lost, which looks like busy
		defer cancel()
		if _, err := netnode.DialClient(ctx, c.Config, "p1", c.Network("client")); err == nil {
			t.Error("unknown CA: got a client, want an error")
		}
		var both []byte
		for _, dir := range []string{dir, other} {
			text, err := os.ReadFile(dir + "/ca.crt")
			if err != nil {
				t.Fatal(err)
			}
			both = append(both, text...)
		}
		if err := os.WriteFile(dir+"/ca.crt", both, 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		client, err := netnode.DialClient(t.Context(), c.Config, "p1", c.Network("client"))
		if err != nil {
			t.Fatalf("with its CA: got error %v, want none", err)
		}
		client.Close()
	})
}

// A node warns when the last week of its certificate begins.
func TestVirtualCertificateThatEndsSoon(t *testing.T) {
	dir := t.TempDir()
	clustertest.Virtual(t, bankFile(1, clustertest.TLSTable(dir, wire.ClientStatus)), banks, func(t *testing.T, c *clustertest.Cluster) {
		clustertest.Certify(t, dir, cert.Plan{Cluster: "test", Now: time.Now(), Validity: cert.WarnBefore + time.Minute}, "p1")
		c.Start()
		for _, want := range []int{0, 1} {
			time.Sleep(59 * time.Second)
			if got := strings.Count(c.Log.String(), "the certificate of this node ends soon"); got != want {
				t.Errorf("got %d warnings, want %d", got, want)
			}
		}
	})
}
