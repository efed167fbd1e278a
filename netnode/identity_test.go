package netnode_test

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"chandy/internal/cert"
	"chandy/internal/clustertest"
	"chandy/netnode"
	"chandy/snapshot"
	"chandy/wire"
)

// own returns a certificate of a directory, such as process/p1.
func own(t *testing.T, dir, name string) tls.Certificate {
	t.Helper()
	c, err := tls.LoadX509KeyPair(dir+"/"+name+".crt", dir+"/"+name+".key")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// otherCertificates returns certificates that no node of the cluster test may trust.
func otherCertificates(t *testing.T, dir string) map[string]tls.Certificate {
	t.Helper()
	all := map[string]tls.Certificate{}
	const year = 365 * 24 * time.Hour
	for name, p := range map[string]cert.Plan{
		"wrong CA":      {Cluster: "test", Now: time.Now(), Validity: year},
		"wrong cluster": {Cluster: "other", Now: time.Now(), Validity: year},
		"expired":       {Cluster: "test", Now: time.Now().Add(-year), Validity: year / 2},
		"not yet valid": {Cluster: "test", Now: time.Now().Add(year), Validity: year},
	} {
		other := t.TempDir()
		if name != "wrong CA" {
			for _, file := range []string{"/ca.crt", "/ca.key"} {
				text, err := os.ReadFile(dir + file)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(other+file, text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		clustertest.Certify(t, other, p, "p2")
		all[name] = own(t, other, "process/p2")
	}
	return all
}

// answer says hello over TLS with a certificate, and returns the node's answer.
func answer(t *testing.T, c *clustertest.Cluster, certificate *tls.Certificate, role wire.Role) (wire.Frame, error) {
	t.Helper()
	config := &tls.Config{InsecureSkipVerify: true}
	if certificate != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	socket := tls.Client(dialled(t, c), config)
	if err := socket.Handshake(); err != nil {
		return nil, err
	}
	hello := wire.Hello{
		Role: role, VersionMin: 1, VersionMax: 1, Cluster: "test", Epoch: 1, ConfigHash: c.Config.Hash(),
		From: "p2", To: "p1", Incarnation: "stranger",
	}
	if role == wire.RoleControl {
		hello.From, hello.Incarnation, hello.Epoch = "", "", 0
	}
	socket.Write(wire.Append(nil, hello)) // the answer may be on its way already
	return wire.NewReader(socket, wire.AnswerMax).Read()
}

// A listener lets in only the process of the hello, or a client. To a peer that it does not
// trust it says nothing but the alert of TLS.
func TestAListenerTrustsOnlyThePeerOfTheHello(t *testing.T) {
	table, dir := clustertest.TLS(t, wire.ClientAdmin, "p1", "p2", "p3")
	c := clustertest.New(t, bankFile(3, table), banks)
	c.Start("p1")
	p2, p3, client := own(t, dir, "process/p2"), own(t, dir, "process/p3"), own(t, dir, "client/status")
	type ask struct {
		name string
		with *tls.Certificate
		role wire.Role
		want string // "welcome", a code, or "alert"
	}
	asks := []ask{
		{"p2", &p2, wire.RoleControl, wire.IdentityMismatch}, {"client", &client, wire.RoleChannel, wire.IdentityMismatch},
		{"client", &client, wire.RoleAssembly, wire.IdentityMismatch}, {"client", &client, wire.RoleControl, "welcome"},
		{"p3 as p2", &p3, wire.RoleChannel, wire.IdentityMismatch}, {"p3 as p2", &p3, wire.RoleAssembly, wire.IdentityMismatch},
		{"nobody", nil, wire.RoleChannel, "alert"}, {"nobody", nil, wire.RoleControl, "alert"},
		{"p2", &p2, wire.RoleChannel, "welcome"},
	}
	for name, other := range otherCertificates(t, dir) {
		asks = append(asks, ask{name, &other, wire.RoleChannel, "alert"}, ask{name, &other, wire.RoleControl, "alert"})
	}
	for _, a := range asks {
		f, err := answer(t, c, a.with, a.role)
		got := ""
		switch f := f.(type) {
		case wire.Welcome:
			got = "welcome"
		case wire.Refuse:
			got = f.Code
		}
		var remote *net.OpError
		if errors.As(err, &remote) && remote.Op == "remote error" {
			got = "alert"
		}
		if got != a.want {
			t.Errorf("%s, %v: got %q (%v, error %v), want %q", a.name, a.role, got, f, err, a.want)
		}
	}
}

// A dialler speaks only to the process that it wants, and a channel is up only after the
// welcome.
func TestADiallerTrustsOnlyTheProcessItWants(t *testing.T) {
	table, dir := clustertest.TLS(t, wire.ClientAdmin, "p1", "p2", "p3")
	listeners := otherCertificates(t, dir)
	listeners["p2, without a welcome"] = own(t, dir, "process/p2")
	listeners["another process"] = own(t, dir, "process/p3")
	listeners["client"] = own(t, dir, "client/admin")
	for name, with := range listeners {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tcp := &netnode.Loopback{}
			c := clustertest.New(t, bankFile(3, table), clustertest.Options{Program: banks.Program, Network: func(string) netnode.Network { return tcp }})
			listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{with}, ClientAuth: tls.RequireAnyClientCert})
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			tcp.Set(c.Address("p2"), listener.Addr().String())
			c.Start("p1")
			socket, err := listener.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer socket.Close()
			f, err := wire.NewReader(socket, wire.AnswerMax).Read()
			if hello, ok := f.(wire.Hello); ok != (name == "p2, without a welcome") {
				t.Fatalf("got %v, error %v, want a hello only for p2", hello, err)
			}
			if ok := err == nil; !ok {
				c.Logged("refused, trying again")
			}
			for _, out := range c.Status("p1").Outgoing {
				if out.To == "p2" && out.Up {
					t.Error("got the channel p1->p2 up, want it down")
				}
			}
		})
	}
}

// A client says why it is not served: it is not trusted, or it does not trust the node.
func TestAClientWithoutTrustIsRefused(t *testing.T) {
	table, dir := clustertest.TLS(t, wire.ClientAdmin, "p1")
	c := clustertest.New(t, bankFile(1, table), banks)
	c.Start()
	other := t.TempDir()
	clustertest.Certify(t, other, cert.Plan{Cluster: "test", Now: time.Now(), Validity: time.Hour}, "p1")
	for _, test := range []struct{ name, ca, own, code, text string }{
		{"its own CA", dir, other, wire.IdentityMismatch, "does not trust this certificate"},
		{"the CA of the node", other, dir, wire.IdentityMismatch, "unknown authority"},
	} {
		config, err := netnode.ParseCluster(bankFile(1, strings.Replace(clustertest.TLSTable(test.own, wire.ClientAdmin), test.own+"/ca.crt", test.ca+"/ca.crt", 1)))
		if err != nil {
			t.Fatal(err)
		}
		_, err = netnode.DialClient(c.Ctx, config, "p1", c.Network("client"))
		var refused *netnode.Refused
		if !errors.As(err, &refused) || refused.Code != test.code || !strings.Contains(refused.Text, test.text) {
			t.Errorf("%s: got error %v, want a refusal %q with %q", test.name, err, test.code, test.text)
		}
	}
}

// A node with TLS answers a peer without it in plain text, and a client without TLS says so.
func TestANodeWithTLSTellsAPeerWithoutIt(t *testing.T) {
	table, _ := clustertest.TLS(t, wire.ClientAdmin, "p1")
	c := clustertest.New(t, bankFile(1, table), banks)
	c.Start()
	plain, err := netnode.ParseCluster(bankFile(1, ""))
	if err != nil {
		t.Fatal(err)
	}
	_, err = netnode.DialClient(c.Ctx, plain, snapshot.ProcessID("p1"), c.Network("client"))
	var refused *netnode.Refused
	if !errors.As(err, &refused) || refused.Code != wire.TLSRequired {
		t.Errorf("got error %v, want a refusal %q", err, wire.TLSRequired)
	}
}
